#!/usr/bin/env python3
"""bench/torch_peer.py [--quick] [--filter REGEX] [--seconds S] [--json FILE]: our compiled products beside PyTorch's.

W X with unstructured W in f32, one thread: torch's product of a CSR tensor, torch's dense product, and ours, called on
its C entry point in the same process. bench/README.md has the method, which is that of `bench/run matmul`.
"""
import argparse
import ctypes
import functools
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import common

SHAPES = [(768, 768, 128), (3072, 768, 128)]
SPARSITIES = [0.5, 0.7, 0.8, 0.9, 0.95]
# As in MatmulSuite.cpp: enough different nonzeros that no branch predictor learns them.
ROTATED_NONZEROS = 240e3
BLOCK_NANOSECONDS = 1e6
MIN_ROUNDS = 7


def import_torch():
    """torch, on one thread; ends the program where there is none."""
    # Before torch and the model bring their OpenMP along.
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        import torch
    except ImportError:
        sys.exit("bench/torch_peer.py: this Python has no torch (pip install torch) to compare with")
    torch.set_num_threads(1)
    # That CSR tensors are in beta state, and that their invariants are not checked.
    warnings.filterwarnings("ignore", message=".*[Ss]parse")
    return torch


class Model:
    """One library with a function f<i> for each matrix, by docs/runtime-abi.md. Tensors must outlive it."""

    def __init__(self, sparse_opt, weights, columns, folder):
        text = "\n".join(self._function(i, w, columns) for i, w in enumerate(weights))
        source, library = os.path.join(folder, "model.mlir"), os.path.join(folder, "model.so")
        with open(source, "w", encoding="ascii") as file:
            file.write(text)
        done = subprocess.run([str(sparse_opt), source, "--spnn-cpu=threads=1", "--emit=so", "-o", library],
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench/torch_peer.py: sparse-opt failed: {done.stderr[:2000]}")
        self.library = ctypes.CDLL(library)
        self.library.spnn_context_create.restype = ctypes.c_void_p
        self.library.spnn_context_error.restype = ctypes.c_char_p
        self.context = ctypes.c_void_p(self.library.spnn_context_create(ctypes.c_int32(1)))

    @staticmethod
    def _function(number, w, columns):
        (m, k), n = w.shape, columns
        data = ctypes.string_at(w.data_ptr(), 4 * m * k).hex()
        return f"""func.func @f{number}(%x: tensor<{k}x{n}xf32>) -> tensor<{m}x{n}xf32> {{
  %w = arith.constant dense<"0x{data}"> : tensor<{m}x{k}xf32>
  %y = spnn.matmul %w, %x : (tensor<{m}x{k}xf32>, tensor<{k}x{n}xf32>) -> tensor<{m}x{n}xf32>
  return %y : tensor<{m}x{n}xf32>
}}"""

    def bind(self, number, x, y):
        """A function of no arguments that computes product `number` from x to y."""
        entry = self.library[f"spnn_entry_f{number}"]
        data = (ctypes.c_void_p * 2)(x.data_ptr(), y.data_ptr())

        def call():
            if entry(self.context, data, None):
                sys.exit(f"bench/torch_peer.py: {self.library.spnn_context_error(self.context).decode()}")

        return call


def hold_contest(entries, seconds):
    """For each list of functions, one a matrix, microseconds a call in each round, as in Contest.cpp."""
    now = time.thread_time_ns

    def run_pass(functions):
        for function in functions:
            function()

    passes = []
    for functions in entries:
        run_pass(functions)
        begin = now()
        run_pass(functions)
        passes.append(max(1, math.ceil(BLOCK_NANOSECONDS / max(100, now() - begin))))
    times = [[] for _ in entries]
    end, rounds = time.monotonic() + seconds, 0
    while rounds < MIN_ROUNDS or time.monotonic() < end:
        # Another one goes first in each round.
        order = range(len(entries)) if rounds % 2 == 0 else reversed(range(len(entries)))
        for i in order:
            run_pass(entries[i])
            begin = now()
            for _ in range(passes[i]):
                run_pass(entries[i])
            times[i].append((now() - begin) / 1000 / (passes[i] * len(entries[i])))
        rounds += 1
    return times


def make_weights(torch, m, k, sparsity, seed):
    """Values of magnitude 0.1 to 1, never zero, where a seeded coin says so."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(m, k, generator=generator) * 0.9 + 0.1
    signs = torch.rand(m, k, generator=generator) < 0.5
    kept = torch.rand(m, k, generator=generator) >= sparsity
    return torch.where(kept, torch.where(signs, -values, values), torch.zeros(()))


def check(torch, name, w, x, y):
    """Ends the program unless y is w x within the rounding error of a sum in single precision, as in Matrix.cpp."""
    exact = w.double() @ x.double()
    bound = (w.double().abs() @ x.double().abs()) * ((w != 0).sum(1, keepdim=True) + 1) * 2.0**-24
    if not torch.all((y.double() - exact).abs() <= bound + 1e-38):
        sys.exit(f"bench/torch_peer.py: wrong result of {name}")


def run_case(torch, sparse_opt, shape, sparsity, seconds):
    m, k, n = shape
    count = min(8, max(2, math.ceil(ROTATED_NONZEROS / (m * k * (1 - sparsity)))))
    weights = [make_weights(torch, m, k, sparsity, 1 + i) for i in range(count)]
    x = torch.rand(k, n, generator=torch.Generator().manual_seed(99)) * 2 - 1
    y = torch.empty(m, n)
    compressed = [w.to_sparse_csr() for w in weights]
    # By default indices have 64 bits; MKL, which computes the product, wants 32.
    narrow = [torch.sparse_csr_tensor(c.crow_indices().int(), c.col_indices().int(), c.values(), c.shape)
              for c in compressed]
    with tempfile.TemporaryDirectory(prefix="spnn-torch-") as folder:
        model = Model(sparse_opt, weights, n, folder)
        entries = {
            "ours": [model.bind(i, x, y) for i in range(count)],
            # As it is written, each result in new memory.
            "torch.sparse W @ X": [functools.partial(torch.matmul, c, x) for c in compressed],
            # As we have it: results in one buffer.
            "torch.sparse, 32-bit indices": [functools.partial(torch.mm, c, x, out=y) for c in narrow],
            # Dense code has no data-dependent branch: one matrix that stays in the caches flatters it.
            "torch dense": [functools.partial(torch.mm, weights[0], x, out=y)],
        }
        for name, functions in entries.items():
            for w, function in zip(weights, functions):
                y.fill_(math.nan)
                result = function()
                check(torch, name, w, x, result if torch.is_tensor(result) else y)
        times = hold_contest(list(entries.values()), seconds)
    return {name: (statistics.median(t), min(t), max(t)) for name, t in zip(entries, times)}


def describe_cpu():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            entries = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines())
    except OSError:
        return platform.machine()
    entries = {key.strip(): value.strip() for key, value in entries.items()}
    return f"{entries.get('model name')}, family {entries.get('cpu family')} model {entries.get('model')}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="768x768 at 50 and 90 %% alone")
    parser.add_argument("--filter", default="", help="only cases whose name has a match")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each case")
    parser.add_argument("--json", help="writes rows to this file")
    arguments = parser.parse_args()
    torch = import_torch()
    sparse_opt = common.build("sparse-opt")
    config = torch.__config__.show()
    mkl = re.search(r"Math Kernel Library Version (\S+?)(?:-\S+)? ", config)
    print(f"machine: {describe_cpu()}; load average {os.getloadavg()[0]:.1f}")
    print(f"versions: torch {torch.__version__}, with MKL {mkl.group(1) if mkl else 'not found'}, "
          f"Python {platform.python_version()}")
    print("Microseconds, median [min, max], in turns within one process, one thread; ratio = torch's median / ours.\n")
    rows = []
    for shape in SHAPES[:1] if arguments.quick else SHAPES:
        for sparsity in (0.5, 0.9) if arguments.quick else SPARSITIES:
            name = "x".join(map(str, shape)) + f"/unstructured/{sparsity:.2f}"
            if not re.search(arguments.filter, name):
                continue
            result = run_case(torch, sparse_opt, shape, sparsity, arguments.seconds)
            if not rows:
                print(f"| case | {' | '.join(result)} |\n| --- |{' ---: |' * len(result)}")
            cells = [f"{median:.1f} [{least:.1f}, {most:.1f}]" +
                     ("" if what == "ours" else f" (**{median / result['ours'][0]:.2f}**)")
                     for what, (median, least, most) in result.items()]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
            rows.append({"suite": "torch", "case": name, "us": result, "torch": torch.__version__})
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
