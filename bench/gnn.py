#!/usr/bin/env python3
"""bench/gnn.py spmm|orders|calibrate [--threads N] [--data DIR] [--json FILE] [--quick] [-o FILE]: products with graphs.

spmm: sums over neighbours beside scipy and, where there is one, PyTorch. orders: every order of a layer, forward and backward, that
spnn-reorder-operators knows, measured, beside the one it chooses. calibrate: section `products` of a target description.
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

GRAPHS = ["amazon_cs", "coauthor_phy", "tolokers", "arxiv-like"]
PAIRS = [(16, 16), (16, 64), (16, 128), (64, 16), (64, 64), (64, 128), (128, 16), (128, 64), (128, 128), (256, 64)]
OPT = common.BUILD / "bin" / "sparse-opt"
RUN = common.BUILD / "bin" / "sparse-run"


def load_graph(name, folder):
    """positions, indices of the graph with a loop at each node; None where the file is not on this machine."""
    if name == "arxiv-like":
        file = common.CACHE / "arxiv-like.npz"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([common.BUILD / "bin" / "sparse-import", "--gnn-graph=arxiv-like", "-o", file], check=True)
    else:
        file = folder / f"{name}.npz"
        if not file.exists():
            return None
    data = np.load(file)
    positions, indices = data["adj_indptr"].astype(np.int64), data["adj_indices"].astype(np.int64)
    nodes = len(positions) - 1
    rows = np.repeat(np.arange(nodes), np.diff(positions))
    keys = np.unique(np.concatenate([rows * nodes + indices, np.arange(nodes) * (nodes + 1)]))
    rows, indices = keys // nodes, keys % nodes
    positions = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=nodes))])
    return positions.astype(np.int32), indices.astype(np.int32)


def random_graph(nodes, degree, seed=0):
    """Every node hears from `degree` others, drawn evenly."""
    random = np.random.default_rng(seed)
    indices = np.sort(np.stack([random.choice(nodes, degree, replace=False) for _ in range(nodes)]), axis=1)
    return np.arange(0, nodes * degree + 1, degree).astype(np.int32), indices.reshape(-1).astype(np.int32)


def blob(array):
    return '"0x' + "04000000" + np.ascontiguousarray(array).tobytes().hex() + '"'


class Module:
    """A module around one graph of `nodes` nodes, normalised symmetrically."""

    def __init__(self, graph):
        self.positions, self.indices = graph
        self.nodes, self.edges = len(self.positions) - 1, len(self.indices)
        self.scales = (1 / np.sqrt(np.maximum(np.diff(self.positions), 1))).astype(np.float32)

    def text(self, arguments, results, body):
        n, e = self.nodes, self.edges
        return f"""
func.func @layer({arguments}) -> {results} {{
  %s = spnn.constant {{indices = dense_resource<indices> : tensor<{e}xi32>, positions = dense_resource<positions> : tensor<{n + 1}xi32>}} : {self.type()}
  %d = arith.constant dense_resource<scales> : tensor<{n}xf32>
{body}
}}
{{-# dialect_resources: {{ builtin: {{ indices: {blob(self.indices)}, positions: {blob(self.positions)}, scales: {blob(self.scales)} }} }} #-}}
"""

    def type(self):
        return f"tensor<{self.nodes}x{self.nodes}xi1, #spnn.adjacency>"

    def aggregate(self, name, source, width):
        matrix = f"tensor<{self.nodes}x{width}xf32>"
        return (f"  %{name} = spnn.aggregate sum %s, %{source} row_scales(%d : tensor<{self.nodes}xf32>) "
                f"column_scales(%d : tensor<{self.nodes}xf32>) : ({self.type()}, {matrix}) -> {matrix}")

    def spmm(self, width):
        matrix = f"tensor<{self.nodes}x{width}xf32>"
        return self.text(f'%x: {matrix} {{spnn.name = "x"}}', f"({matrix} {{spnn.name = \"y\"}})",
                         self.aggregate("y", "x", width) + f"\n  return %y : {matrix}")

    def layer(self, fan_in, fan_out):
        x, w, y = (f"tensor<{rows}x{columns}xf32>" for rows, columns in
                   ((self.nodes, fan_in), (fan_in, fan_out), (self.nodes, fan_out)))
        # What makes the features is kept for the backward pass, as in a network.
        body = f"""  %f = math.absf %x : {x}
  %h = spnn.matmul %f, %w : ({x}, {w}) -> {y}
{self.aggregate("y", "h", fan_out)}
  return %y : {y}"""
        return self.text(f'%x: {x} {{spnn.name = "x"}}, %w: {w} {{spnn.name = "w"}}', f"({y} {{spnn.name = \"y\"}})", body)

    def attention(self, heads, features, keeps):
        """graph_attention and its gradient, which keeps coefficients or makes them again."""
        n, e = self.nodes, self.edges
        h, s, k, o, t = f"tensor<{n}x{heads * features}xf32>", f"tensor<{n}x{heads}xf32>", f"tensor<{e}x{heads}xf32>", f"tensor<{e}xi32>", self.type()
        kept, kept_type, used = (", %p", f", {k}", f"coefficients(%p : {k}) ") if keeps else ("", "", "")
        body = f"""  %o, %lse{kept} = spnn.graph_attention gat %s, %h, %r, %c heads({heads}) : ({t}, {h}, {s}, {s}) -> ({h}, {s}{kept_type})
  %t, %order = spnn.transpose %s : {t} -> {t}, {o}
  %dh, %dr, %dc = spnn.graph_attention_backward gat %s, %t, %order, %h, %r, %c output(%o) logsumexp(%lse) gradient(%g) {used}heads({heads})
      : ({t}, {t}, {o}, {h}, {s}, {s}, {h}, {s}, {h}) -> ({h}, {s}, {s})
  return %o, %dh, %dr, %dc : {h}, {h}, {s}, {s}"""
        return self.text(f"%h: {h}, %r: {s}, %c: {s}, %g: {h}", f"({h}, {h}, {s}, {s})", body)


def compile_model(folder, text, options, differentiate=None):
    """The library, and what --explain says."""
    source, library = folder / "model.mlir", folder / "model.so"
    source.write_text(text)
    command = [OPT, source, "--explain", f"--emit=so", "-o", library]
    if differentiate:
        command.append(f"--spnn-differentiate={differentiate}")
    command.append(f"--spnn-cpu={options}")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench/gnn.py: {done.stderr.strip().splitlines()[0]}")
    return library, done.stderr + done.stdout


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
        library, _ = compile_model(pathlib.Path(folder), text, f"threads=1 target-cpu={cpu}")
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
    extents, nodes = [8, 16, 32, 64, 128, 256, 512], 16384
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
    parser.add_argument("suite", choices=["spmm", "orders", "calibrate"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", type=pathlib.Path, default=common.find_data("graphs"))
    parser.add_argument("--graphs", default=",".join(GRAPHS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pairs", type=lambda text: [tuple(map(int, pair.split("x"))) for pair in text.split(",")],
                        help="orders: widths of layers, such as 16x16,64x128")
    parser.add_argument("--target", help="orders: target description to choose with")
    parser.add_argument("--target-cpu", default="native", help="calibrate: compile for it, such as x86-64-v3")
    parser.add_argument("--json")
    parser.add_argument("-o", help="calibrate: the description whose table is replaced")
    arguments = parser.parse_args()
    if arguments.suite == "calibrate":
        if not arguments.o:
            parser.error("calibrate writes into a target description: -o FILE")
        run_calibrate(arguments)
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
