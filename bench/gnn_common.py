"""What bench/gnn.py and its contestants share: graphs, modules around one, and the compiler."""
import subprocess
import sys

import numpy as np

import common

OPT = common.BUILD / "bin" / "sparse-opt"
RUN = common.BUILD / "bin" / "sparse-run"


def add_loops(positions, indices):
    """The graph with a loop at each node."""
    nodes = len(positions) - 1
    rows = np.repeat(np.arange(nodes), np.diff(positions))
    keys = np.unique(np.concatenate([rows * nodes + indices, np.arange(nodes) * (nodes + 1)]))
    rows, indices = keys // nodes, keys % nodes
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=nodes))]), indices


def load_graph(name, folder, loops=True):
    """positions, indices of the graph, by default with a loop at each node; None where the file is not on this machine."""
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
    if loops:
        positions, indices = add_loops(positions, indices)
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
    command = [OPT, source, "--explain", "--emit=so", "-o", library]
    if differentiate:
        command.append(f"--spnn-differentiate={differentiate}")
    command.append(f"--spnn-cpu={options}")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench/gnn.py: {done.stderr.strip().splitlines()[0]}")
    return library, done.stderr + done.stdout
