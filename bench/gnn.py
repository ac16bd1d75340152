#!/usr/bin/env python3
"""bench/gnn.py spmm|orders|layers|calibrate [--threads N] [--data DIR] [--json FILE] [--quick] [-o FILE]: graph networks.

spmm: sums over neighbours beside scipy and, where there is one, PyTorch. orders: every order of a layer, forward and backward, that
spnn-reorder-operators knows, measured, beside the one it chooses. layers: whole layers beside PyTorch Geometric, torch.sparse.mm
and scipy. calibrate: section `products` of a target description.
bench/README.md has the method.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import common
import gnn_layers
from gnn_common import Module, RUN, compile_model, load_graph, random_graph

GRAPHS = ["amazon_cs", "coauthor_phy", "tolokers", "arxiv-like"]
PAIRS = [(16, 16), (16, 64), (16, 128), (64, 16), (64, 64), (64, 128), (128, 16), (128, 64), (128, 128), (256, 64)]


def measure(library, function, threads):
    """median, min and max of a call, in seconds."""
    done = subprocess.run([RUN, library, "--function", function, "--bench", "--threads", str(threads), "--json", "-", "--quiet"],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench/gnn.py: {done.stderr.strip()}")
    return json.loads(done.stdout)["seconds"]


def milliseconds(timing, which="median"):
    return timing[which] * 1e3


def time_call(call, seconds=0.5):
    """Median milliseconds."""
    call()
    times, start = [], time.perf_counter()
    while len(times) < 5 or (time.perf_counter() - start < seconds and len(times) < 100):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def peers(module, width, threads):
    """Milliseconds of scipy, and of PyTorch if it is there."""
    result = {}
    values = module.scales[np.repeat(np.arange(module.nodes), np.diff(module.positions))] * module.scales[module.indices]
    x = np.random.default_rng(0).standard_normal((module.nodes, width)).astype(np.float32)
    try:
        import scipy.sparse
        matrix = scipy.sparse.csr_matrix((values, module.indices, module.positions), shape=(module.nodes, module.nodes))
        result["scipy"] = time_call(lambda: matrix @ x)
    except ImportError:
        pass
    try:
        import torch
        import warnings
        warnings.simplefilter("ignore")
        torch.set_num_threads(threads)
        matrix = torch.sparse_csr_tensor(torch.from_numpy(module.positions), torch.from_numpy(module.indices),
                                         torch.from_numpy(values), (module.nodes, module.nodes))
        dense = torch.from_numpy(x)
        result["torch"] = time_call(lambda: torch.sparse.mm(matrix, dense))
    except ImportError:
        pass
    return result


def run_spmm(arguments, graphs):
    rows = []
    print("| graph | F | ms, 1 thread | ms, %d | speed-up | GFLOP/s, %d | scipy ms | torch.sparse.mm ms |" %
          ((arguments.threads,) * 2))
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, graph in graphs:
        module = Module(graph)
        for width in [64] if arguments.quick else [16, 64, 128, 256]:
            with tempfile.TemporaryDirectory() as folder:
                library, _ = compile_model(pathlib.Path(folder), module.spmm(width), "threads=0")
                one, many = (milliseconds(measure(library, "layer", threads)) for threads in (1, arguments.threads))
            other = peers(module, width, arguments.threads)
            rate = 2 * module.edges * width / many / 1e6
            rows.append({"graph": name, "width": width, "ms": [one, many], "gflops": rate, **other})
            print(f"| {name} | {width} | {one:.3f} | {many:.3f} | {one / many:.2f} | {rate:.0f} | " +
                  " | ".join(f"{other[peer]:.1f}" if peer in other else "-" for peer in ("scipy", "torch")) + " |", flush=True)
    return rows


ORDER = re.compile(r"^layer_gradients\s+(\S+)( \(chosen\))?\s+([0-9.]+)\s+(\d+)", re.M)


def measure_orders(libraries, threads, rounds):
    """Milliseconds of each order, the least of `rounds` runs that take turns; those far off run once."""
    times = {order: milliseconds(measure(library, "layer_gradients", threads), "min") for order, library in libraries.items()}
    near = [order for order in libraries if times[order] <= 1.2 * min(times.values())]
    for _ in range(rounds - 1):
        for order in near if len(near) > 1 else []:
            times[order] = min(times[order], milliseconds(measure(libraries[order], "layer_gradients", threads), "min"))
    return times


def run_orders(arguments, graphs):
    rows, good = [], 0
    print("| graph | Fi, Fo | layer | chosen | ms | best | ms | within | predicted ms | orders |")
    print("| --- | --- | --- | --- | ---: | --- | ---: | ---: | ---: | ---: |")
    for name, graph in graphs:
        module = Module(graph)
        for fan_in, fan_out in arguments.pairs or (PAIRS[::4] if arguments.quick else PAIRS):
            for layer, wanted in (("first", "w"), ("hidden", "x,w")):
                with tempfile.TemporaryDirectory() as folder:
                    folder = pathlib.Path(folder)
                    text, gradients = module.layer(fan_in, fan_out), f"function=layer mode=gradients wrt={wanted}"
                    target = f" target-file={arguments.target}" if arguments.target else ""
                    options = f"threads={arguments.threads}{target}"
                    library, explained = compile_model(folder, text, options, gradients)
                    orders = ORDER.findall(explained)
                    chosen = next(order for order, mark, *_ in orders if mark)
                    predicted = {order: float(time) / 1e3 for order, _, time, _ in orders}
                    # What is computed again though another order is the same but for keeping it is not the best.
                    libraries = {}
                    for number, order in enumerate(order for order in predicted if f"{order}-cached" not in predicted):
                        library, _ = compile_model(folder, text, f"{options} order={order}", gradients)
                        libraries[order] = library.rename(folder / f"order{number}.so")
                    times = measure_orders(libraries, arguments.threads, 6)
                best = min(times, key=times.get)
                ratio = times[chosen] / times[best]
                good += ratio <= 1.05
                rows.append({"graph": name, "fan_in": fan_in, "fan_out": fan_out, "layer": layer, "chosen": chosen,
                             "best": best, "ms": times, "predicted_ms": predicted})
                print(f"| {name} | {fan_in}, {fan_out} | {layer} | {chosen} | {times[chosen]:.2f} | {best} | "
                      f"{times[best]:.2f} | {100 * (ratio - 1):.0f} % | {predicted[chosen]:.2f} | {len(times)} |", flush=True)
    print(f"\nwithin 5 % of the best order: {good} of {len(rows)}")
    return rows


def measure_once(text, cpu):
    """Milliseconds of a module on one thread, the least."""
    with tempfile.TemporaryDirectory() as folder:
        library, _ = compile_model(pathlib.Path(folder), text, f"threads=1 cluster-rows=off target-cpu={cpu}")
        return milliseconds(measure(library, "layer", 1), "min")


def measure_dense(left, right, transpose, arguments):
    """GFLOP/s of a dense product of matrices of these extents on one thread, the left one transposed or not."""
    x, w = (f"tensor<{rows}x{columns}xf32>" for rows, columns in (left, right))
    y = f"tensor<{left[1] if transpose else left[0]}x{right[1]}xf32>"
    text = f"""func.func @layer(%x: {x}, %w: {w}) -> {y} {{
  %y = spnn.matmul %x, %w {"{transpose_lhs}" if transpose else ""} : ({x}, {w}) -> {y}
  return %y : {y}
}}"""
    return round(2e-6 * left[0] * left[1] * right[1] / measure_once(text, arguments.target_cpu), 1)


def format_grid(name, first, rows, second, columns, values):
    lines = ",\n".join("        " + json.dumps(line) for line in values)
    return f"""    "{name}": {{
      "{first}": {json.dumps(rows)},
      "{second}": {json.dumps(columns)},
      "values": [
{lines}
      ]
    }},
"""


def run_calibrate(arguments):
    """What products with graphs, dense products with one long extent and attention take on one core."""
    columns, sizes = [4, 8, 16, 32, 64, 128, 256], [2**16, 2**19, 2**22, 2**24, 2**26]
    if arguments.quick:
        columns, sizes = [16, 64], [2**16, 2**22]
    table = []
    for width in columns:
        line = []
        for size in sizes:
            nodes = max(size // (4 * width), 64)
            degree = min(16, nodes // 2)
            module = Module(random_graph(nodes, degree))
            line.append(round(measure_once(module.spmm(width), arguments.target_cpu) * 1e6 / module.edges, 3))
        table.append(line)
        print(width, line, file=sys.stderr)
    # Dense products with one long extent: the nodes are rows (X W), or what is summed over (X' G).
    extents, nodes = [16, 64] if arguments.quick else [8, 16, 32, 64, 128, 256, 512], 16384
    tall, long_inner = [], []
    for first in extents:
        tall.append([measure_dense((nodes, first), (first, columns), False, arguments) for columns in extents])
        long_inner.append([measure_dense((nodes, first), (nodes, columns), True, arguments) for columns in extents])
        print(first, tall[-1], long_inner[-1], file=sys.stderr)
    # Attention gathers three times; what it takes beyond that are its scores, and what kept coefficients take beyond those.
    heads, features = 8, 8
    module = Module(random_graph(2**14, 16))
    again, kept = (measure_once(module.attention(heads, features, keeps), arguments.target_cpu) * 1e6 / module.edges for keeps in (False, True))
    gather = table[columns.index(heads * features)][sizes.index(2**22)]
    score, coefficient = round(max(again / 3 - gather, 0.01) / heads, 3), round(max(kept - again, 0.01), 2)
    print(f"attention: {score} ns a score, {coefficient} ns an edge to keep coefficients", file=sys.stderr)
    grids = [("spmmEdgeNs", "columns", columns, "bytes", sizes, table), ("gemmGflops", "inner", extents, "columns", extents, tall),
             ("gemmLongInnerGflops", "rows", extents, "columns", extents, long_inner)]
    section = '  "products": {\n' + "".join(format_grid(*grid) for grid in grids) + f"""    "attentionScoreNs": {score},
    "attentionCoefficientEdgeNs": {coefficient}
  }},
"""
    # The rest of the file stays as it is, digit for digit.
    text = pathlib.Path(arguments.o).read_text()
    text = re.sub(r'^  "products": \{.*?^  \},\n', "", text, flags=re.M | re.S)
    pathlib.Path(arguments.o).write_text(text.replace('  "kernels": {', section + '  "kernels": {', 1))
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", choices=["spmm", "orders", "layers", "calibrate"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", type=pathlib.Path, default=common.find_data("graphs"))
    parser.add_argument("--graphs", default=",".join(GRAPHS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pairs", type=lambda text: [tuple(map(int, pair.split("x"))) for pair in text.split(",")],
                        help="orders: widths of layers, such as 16x16,64x128")
    parser.add_argument("--target", help="orders: target description to choose with")
    parser.add_argument("--target-cpu", default="native", help="calibrate: compile for it, such as x86-64-v3")
    parser.add_argument("--filter", default="", help="layers: only those whose 'layer / graph' has a match")
    parser.add_argument("--contestants", default="", help="layers: only those whose title has a match")
    parser.add_argument("--seconds", type=float, default=1.0, help="layers: of each contest, for at least 5 rounds")
    parser.add_argument("--tables", help="layers: print the tables of these files of --json instead, separated by commas")
    parser.add_argument("--patience", type=float, default=20.0,
                        help="layers: seconds of a contest after which rounds count in which others had a core")
    parser.add_argument("--realtime", action="store_true", help="layers: with priority over other programs while a clock runs")
    parser.add_argument("--json")
    parser.add_argument("-o", help="calibrate: the description whose table is replaced")
    arguments = parser.parse_args()
    if arguments.suite == "calibrate":
        if not arguments.o:
            parser.error("calibrate writes into a target description: -o FILE")
        run_calibrate(arguments)
        return
    if arguments.tables:
        gnn_layers.report([row for file in arguments.tables.split(",") for row in json.loads(pathlib.Path(file).read_text())])
        return
    if arguments.suite == "layers":
        names = []
        for name in arguments.graphs.split(","):
            if name == "arxiv-like" or (arguments.data / f"{name}.npz").exists():
                names.append(name)
            else:
                print(f"bench/gnn.py: no {name}.npz in {arguments.data}", file=sys.stderr)
        if not names:
            sys.exit(1)
        rows = gnn_layers.run(arguments, names)
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1))
        return
    graphs = []
    for name in arguments.graphs.split(","):
        graph = load_graph(name, arguments.data)
        if graph is None:
            print(f"bench/gnn.py: no {name}.npz in {arguments.data}", file=sys.stderr)
        else:
            graphs.append((name, graph))
    rows = (run_spmm if arguments.suite == "spmm" else run_orders)(arguments, graphs)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
