"""bench/gnn.py layers: whole layers of graph networks, ours beside PyTorch Geometric, torch.sparse.mm and scipy."""
import contextlib
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import gnn_cases
import gnn_common
import gnn_contestants
from gnn_priority import realtime

# Title, what the process is told, and the layers that it is left out of, with the reason.
ATTENTION = {"gat": "attention is no product of matrices", "gatv2": "attention is no product of matrices"}
CONTESTANTS = [
    ("ours", {"kind": "ours"}, {}),
    ("ours, 1 thread", {"kind": "ours", "threads": 1}, {}),
    ("PyG", {"kind": "pyg", "form": "plain"}, {}),
    ("PyG EdgeIndex", {"kind": "pyg", "form": "index"}, {}),
    ("PyG CSR", {"kind": "pyg", "form": "matrix"}, {}),
    ("PyG compiled", {"kind": "pyg", "form": "compiled"}, {}),
    ("torch.sparse.mm", {"kind": "script"}, ATTENTION),
    ("scipy", {"kind": "scipy"}, ATTENTION),
]
TIME_TARGETS = [("GCN 128 -> 128", "coauthor_phy", 45, {"PyG": 10, "torch.sparse.mm": 2}),
                ("GAT 64 -> 8 x 8", "coauthor_phy", 35, {})]
MEMORY_TARGETS = [("GCN 64 -> 64", "tolokers", 40), ("GAT 64 -> 8 x 8", "tolokers", 60)]
TOLERANCE = 1e-4
MIN_ROUNDS, BLOCK_MS = 5, 20


class Left(Exception):
    """Why a contestant takes no part."""


class Process:
    """A contestant (gnn_contestants.py). `lean`: it gives freed memory back to the system."""

    def __init__(self, options, lean=False):
        # Those with torch branch off from one process that has imported it, and has not used it.
        context = multiprocessing.get_context("forkserver" if options["kind"] in ("pyg", "script") else "spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=gnn_contestants.serve, args=({**options, "lean": lean}, other))
        self.process.start()
        other.close()

    def begin(self):
        """Waits until it is ready; its choice among variants."""
        return self.read()

    def read(self):
        try:
            good, value = self.connection.recv()
        except EOFError:
            self.process.join()
            good, value = False, f"its process ended with exit status {self.process.exitcode}"
        if not good:
            raise Left(value)
        return value

    def ask(self, *command):
        self.connection.send(command)
        return self.read()

    def close(self):
        with contextlib.suppress(OSError):
            self.connection.send(("end",))
        self.connection.close()
        self.process.join()


def set_environment(threads, priority):
    """For all contestants."""
    for key in list(os.environ):
        # Binding threads keeps oneDNN on one.
        if key.startswith(("OMP_", "KMP_", "GOMP_")):
            del os.environ[key]
    for key in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[key] = str(threads)
    # Waiting threads of a contestant whose turn is over leave the cores to the next one.
    os.environ["KMP_BLOCKTIME"] = "1"
    if priority:
        os.environ["SPNN_BENCH_REALTIME"] = "1"
    multiprocessing.get_context("forkserver").set_forkserver_preload(["gnn_preload"])


def relative_error(results, reference):
    """The largest difference of a result, by the largest value of that result; and which one it is."""
    return max((float(np.abs(results[name] - reference["y" if name == "forward" else name]).max() /
                      max(np.abs(reference["y" if name == "forward" else name]).max(), 1e-30)), name) for name in results)


def hold_contest(processes, what, arguments):
    """For each process, seconds a call in each round; they take turns, and another one begins in each round. Rounds in which
    other programs had a core count only where there are hardly any others."""
    clean, all_times = ({title: [] for title in processes} for _ in range(2))
    titles, rounds, begin = list(processes), 0, time.monotonic()
    while True:
        for title in titles[rounds % len(titles):] + titles[:rounds % len(titles)]:
            seconds, undisturbed = processes[title].ask(what, BLOCK_MS, arguments.realtime)
            all_times[title].append(seconds)
            if undisturbed:
                clean[title].append(seconds)
            # Until the threads of its pool sleep.
            time.sleep(0.003)
        rounds += 1
        spent = time.monotonic() - begin
        if min(map(len, clean.values())) >= MIN_ROUNDS and spent > arguments.seconds or (
                rounds >= MIN_ROUNDS and spent > arguments.patience):
            few = {title for title in titles if len(clean[title]) < min(3, rounds)}
            return {title: summarise((all_times if title in few else clean)[title], title in few) for title in titles}


def summarise(seconds, disturbed):
    return {"ms": [1e3 * statistics.median(seconds), 1e3 * min(seconds), 1e3 * max(seconds)], "disturbed": disturbed}


def run_case(case, name, arguments, folder, missing):
    """A row for the tables."""
    with realtime(arguments.realtime):
        graph = gnn_common.load_graph(name, arguments.data, loops=case.loops)
        module = gnn_common.Module(graph)
        wanted = ",".join([*gnn_cases.parameter_shapes(case), "x"])
        library, _ = gnn_common.compile_model(folder, gnn_cases.make_module(case, module), f"threads={arguments.threads}",
                                              f"function=layer mode=gradients wrt={wanted}")
    row = {"case": case.name, "graph": name, "nodes": module.nodes, "edges": module.edges, "forward": {}, "both": {},
           "memory": {}, "left_out": {}, "variants": {}}
    shared = {"case": vars(case), "graph": graph, "library": str(library), "threads": arguments.threads,
              "realtime": arguments.realtime}
    processes, results = {}, {}
    with contextlib.ExitStack() as stack:
        for title, options, left_out in CONTESTANTS:
            if not re.search(arguments.contestants, title):
                continue
            reason = missing.get(options["kind"]) or left_out.get(case.layer)
            try:
                if reason:
                    raise Left(reason)
                process = Process({**shared, **options})
                stack.callback(process.close)
                row["variants"][title] = process.begin()
                results[title] = process.ask("results")
            except Left as reason:
                row["left_out"][title] = str(reason)
                continue
            processes[title] = process
        # PyG as it comes is what all others are compared with; without it, the script.
        reference = results.get("PyG", results.get("torch.sparse.mm"))
        if reference is None:
            sys.exit(f"bench/gnn.py: nothing to check {case.name} against: {row['left_out']}")
        row["errors"] = {}
        for title, result in results.items():
            row["errors"][title], which = relative_error(result, reference)
            if not row["errors"][title] <= TOLERANCE:
                sys.exit(f"bench/gnn.py: wrong result of {title}, {case.name} on {name}: '{which}' is off by "
                         f"{row['errors'][title]:.1e}")
        del results, result, reference
        row["forward"] = hold_contest(processes, "forward", arguments)
        training = {title: process for title, process in processes.items() if title != "scipy"}
        row["both"] = hold_contest(training, "both", arguments)
        stack.pop_all().close()
        measure_memory(row, shared, arguments, stack)
    return row


def measure_memory(row, shared, arguments, stack):
    """Each in a fresh process that returns freed memory to the system; they start together and run one by one."""
    processes = {}
    for title, options, _ in CONTESTANTS:
        if title in row["both"] and "threads" not in options:
            processes[title] = Process({**shared, **options, "variant": row["variants"][title]}, lean=True)
            stack.callback(processes[title].close)
    for title, process in processes.items():
        process.begin()
        row["memory"][title] = process.ask("memory") / 1e6
        process.close()


def print_table(title, rows, what, columns, cell):
    columns = [column for column in columns if any(column in row[what] for row in rows)]
    print(f"\n{title}\n\n| layer | graph | {' | '.join(columns)} |\n| --- | --- |{' ---: |' * len(columns)}")
    for row in rows:
        print(f"| {row['case']} | {row['graph']} | " +
              " | ".join(cell(row[what], column) if column in row[what] else "-" for column in columns) + " |")


def timing_cell(timings, column):
    median, least, most = timings[column]["ms"]
    text = f"{median:.3g} [{least:.3g}, {most:.3g}]" + "*" * timings[column]["disturbed"]
    return text if column == "ours" or "ours" not in timings else text + f" (**{median / timings['ours']['ms'][0]:.1f}**)"


def memory_cell(bytes_, column):
    text = f"{bytes_[column]:.0f}"
    return text if column.startswith("ours") or "ours" not in bytes_ else text + f" (**{bytes_[column] / bytes_['ours']:.1f}**)"


def find(rows, case, graph):
    return next((row for row in rows if row["case"] == case and row["graph"] == graph), None)


def print_targets(rows):
    """Those that were set before anything was measured, on another machine."""
    lines = []
    for case, graph, milliseconds, ratios in TIME_TARGETS:
        row = find(rows, case, graph)
        if row and "ours" in row["both"]:
            median = row["both"]["ours"]["ms"][0]
            lines.append((f"{case}, {graph}, forward and backward", f"at most {milliseconds} ms", f"{median:.1f} ms",
                          median <= milliseconds))
            for peer, least in ratios.items():
                if peer in row["both"]:
                    ratio = row["both"][peer]["ms"][0] / median
                    lines.append((f"the same, against {peer}", f"at least {least}x", f"{ratio:.1f}x", ratio >= least))
    for case, graph, megabytes in MEMORY_TARGETS:
        row = find(rows, case, graph)
        if row and "ours" in row["memory"]:
            peak = row["memory"]["ours"]
            lines.append((f"{case}, {graph}, peak extra memory", f"at most {megabytes} MB", f"{peak:.1f} MB", peak <= megabytes))
    if lines:
        print("\n| what | target | measured | |\n| --- | ---: | ---: | --- |")
        for what, target, measured, reached in lines:
            print(f"| {what} | {target} | {measured} | {'reached' if reached else 'missed'} |")


def describe_machine(arguments):
    def version(package):
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return None

    ours = re.search(r"sparse-opt.*", subprocess.run([gnn_common.OPT, "--version"], capture_output=True, text=True).stdout)
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    print(f"machine: {model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, {arguments.threads} threads; load "
          f"average {os.getloadavg()[0]:.1f}")
    packages = ("torch", "torch-geometric", "scipy", "numpy")
    versions = {package: version(package) for package in packages}
    print(f"versions: {ours.group() if ours else 'sparse-opt'}, " + ", ".join(f"{p} {v or 'missing'}" for p, v in versions.items()) +
          f", Python {platform.python_version()}")
    return versions


def run(arguments, names):
    versions = describe_machine(arguments)
    if not versions["torch"]:
        sys.exit("bench/gnn.py: this Python has no torch, which results are checked against (pip install torch torch-geometric)")
    missing = {}
    if not versions["torch-geometric"]:
        missing["pyg"] = "this Python has no torch-geometric"
    if not versions["scipy"]:
        sys.exit("bench/gnn.py: this Python has no scipy (pip install scipy)")
    set_environment(arguments.threads, arguments.realtime)
    rows = []
    for case in gnn_cases.CASES:
        for name in names:
            label = f"{case.name} / {name}"
            if not re.search(arguments.filter, label):
                continue
            if missing and case.layer in ATTENTION:
                print(f"bench/gnn.py: {label} is left out: {missing['pyg']}", file=sys.stderr)
                continue
            with tempfile.TemporaryDirectory(prefix="spnn-layers-") as folder:
                row = run_case(case, name, arguments, pathlib.Path(folder), missing)
            rows.append(row)
            if arguments.json:
                # What there is so far, should somebody end it.
                pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1))
            for title, reason in row["left_out"].items():
                print(f"{label}: without {title}: {reason}", file=sys.stderr)
            ours = " / ".join(f"{row[what]['ours']['ms'][0]:.2f}" for what in ("forward", "both") if "ours" in row[what])
            print(f"{label}: ours {ours} ms, largest error {max(row['errors'].values()):.1e}", file=sys.stderr)
    report(rows)
    return rows


def report(rows):
    order = [case.name for case in gnn_cases.CASES]
    rows = sorted(rows, key=lambda row: order.index(row["case"]))
    titles = [title for title, *_ in CONTESTANTS]
    ratios = "median [min, max] ms (ratio to ours; * beside other programs in nearly every round)"
    print_table(f"Forward, {ratios}:", rows, "forward", titles, timing_cell)
    print_table(f"Forward and backward, {ratios}:", rows, "both", titles, timing_cell)
    print_table("Peak extra memory of forward and backward, MB (ratio to ours):", rows, "memory", titles, memory_cell)
    print_targets(rows)
