"""What the process has imported that contestants with torch branch off from."""
import contextlib
import os

from gnn_priority import realtime

with realtime("SPNN_BENCH_REALTIME" in os.environ), contextlib.suppress(ImportError):
    import torch  # noqa: F401
    import scipy.sparse  # noqa: F401
    import torch_geometric.nn  # noqa: F401
