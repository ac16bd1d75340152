#!/usr/bin/env python3
"""Evaluates, and compiles and runs, models of sparse-import --gnn and the examples beside the layers' formulas in NumPy.

usage: SPNN_BIN=build/bin test_gnn_layers.py
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    np = None

BIN = os.environ.get("SPNN_BIN", os.path.join(os.path.dirname(__file__), "..", "..", "build", "bin"))
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "gnn")
LAYERS = ["gcn", "sage-mean", "sage-max", "gin", "gat", "gatv2", "rgcn"]
SELF_LOOPS = {"gcn", "gat", "gatv2"}


# ---------------------------------------------------------------------------------------------------------------------
# The formulas, in double precision. A graph is a boolean matrix, A[i, j] if i hears from j.


def mean(a, x):
    degree = a.sum(1)
    return (a @ x) / np.maximum(degree, 1)[:, None]


def maximum(a, x):
    return np.array([x[row].max(0) if row.any() else np.zeros(x.shape[1]) for row in a])


def gcn(a, x, p):
    scale = 1 / np.sqrt(np.maximum(a[0].sum(1), 1))
    return scale[:, None] * (a[0] @ (scale[:, None] * (x @ p["weight"]))) + p["bias"]


def sage_mean(a, x, p):
    return x @ p["weight_root"] + mean(a[0], x) @ p["weight_neighbours"] + p["bias"]


def sage_max(a, x, p):
    return x @ p["weight_root"] + maximum(a[0], x) @ p["weight_neighbours"] + p["bias"]


def gin(a, x, p):
    inner = ((1 + p["epsilon"]) * x + a[0] @ x) @ p["weight1"] + p["bias1"]
    return np.maximum(inner, 0) @ p["weight2"] + p["bias2"]


def attend(a, features, scores, heads, is_last):
    """scores(h)[i, j] for each head."""
    outputs = []
    for h in range(heads):
        s = np.where(a, scores(h), -np.inf)
        e = np.where(a, np.exp(s - s.max(1, keepdims=True, initial=-1e300)), 0)
        total = e.sum(1, keepdims=True)
        outputs.append((e / np.where(total == 0, 1, total)) @ features[:, h])
    return np.mean(outputs, axis=0) if is_last else np.concatenate(outputs, axis=1)


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def gat(a, x, p, is_last):
    heads, width = p["attention_target"].shape
    features = (x @ p["weight"]).reshape(len(x), heads, width)
    target = np.einsum("nhc,hc->nh", features, p["attention_target"])
    source = np.einsum("nhc,hc->nh", features, p["attention_source"])
    return attend(a[0], features, lambda h: leaky(target[:, h, None] + source[None, :, h]), heads, is_last) + p["bias"]


def gatv2(a, x, p, is_last):
    heads, width = p["attention"].shape
    target = (x @ p["weight_target"]).reshape(len(x), heads, width)
    source = (x @ p["weight_source"]).reshape(len(x), heads, width)
    return attend(a[0], source, lambda h: leaky(target[:, None, h] + source[None, :, h]) @ p["attention"][h], heads,
                  is_last) + p["bias"]


def rgcn(a, x, p):
    result = x @ p["weight_root"] + p["bias"]
    for relation, coefficients in zip(a, p["coefficients"]):
        result = result + mean(relation, x) @ np.tensordot(coefficients, p["basis"], 1)
    return result


def predict(kind, graphs, x, parameters):
    """parameters: one dictionary a layer."""
    if kind in SELF_LOOPS:
        graphs = [a | np.eye(len(a), dtype=bool) for a in graphs]
    for i, p in enumerate(parameters):
        last = i + 1 == len(parameters)
        if kind in ("gat", "gatv2"):
            x = globals()[kind](graphs, x, p, last)
            x = x if last else np.where(x < 0, np.expm1(x), x)
        else:
            x = globals()[kind.replace("-", "_")](graphs, x, p)
            x = x if last else np.maximum(x, 0)
    return x


# ---------------------------------------------------------------------------------------------------------------------
# Running the tools.


def tool(name, *arguments):
    result = subprocess.run([os.path.join(BIN, name), *map(str, arguments)], capture_output=True, text=True)
    if result.returncode:
        raise AssertionError(result.stderr)
    return result


def inputs_of(path, function):
    """Name and shape of each input; 0 for extents that are not known."""
    text = tool("sparse-run", path, "--describe").stdout
    block = re.search(r"^function %s\n((?:  .*\n)*)" % function, text, re.MULTILINE).group(1)
    found = re.findall(r"^  input +(\S+) +(\w+)\[?([^\]\n]*)\]?", block, re.MULTILINE)
    return [(name, kind, tuple(int(d) if d.isdigit() else 0 for d in filter(None, shape.split(", "))))
            for name, kind, shape in found]


def csr(a):
    return np.concatenate([[0], a.sum(1).cumsum()]).astype(np.int32), np.nonzero(a)[1].astype(np.int32)


def random_graph(rng, nodes, density):
    a = rng.random((nodes, nodes)) < density
    if nodes > 2:
        a[nodes // 2] = False  # a node that hears from nobody
    return a


@unittest.skipIf(np is None, "NumPy is not installed")
class Layers(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def check(self, kind, model, graphs, x, rng, known, drops=False):
        """Compares @predict and, without dropout, @loss with the formulas. `known`: the classes that are in the model."""
        nodes = len(x)
        values, parameters = {}, {}
        for name, dtype, shape in inputs_of(model, "loss"):
            match = re.fullmatch(r"layer(\d+)\.(\w+)", name)
            if match:
                values[name] = rng.normal(size=shape).astype(np.float32)
                parameters.setdefault(int(match.group(1)), {})[match.group(2)] = values[name].astype(np.float64)
        labels = rng.integers(0, 3, nodes).astype(np.int32)
        mask = rng.random(nodes) < 0.5
        given = {"x": x.astype(np.float32), "y": labels, "train_mask": mask, "seed": np.int64(5)}
        for r, a in enumerate(graphs):
            base = ("adj_self" if kind in SELF_LOOPS else "adj") + (str(r) if r else "")
            loops = a | np.eye(nodes, dtype=bool) if kind in SELF_LOOPS else a
            given[base + "_indptr"], given[base + "_indices"] = csr(loops)
        if known is not None:
            labels, mask = known
        expected = predict(kind, graphs, x, [parameters[i] for i in sorted(parameters)])
        shifted = expected - expected.max(1, keepdims=True, initial=-1e300)
        losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(nodes), labels]
        loss = losses[mask].mean() if mask.any() else 0.0
        tool("sparse-opt", model, "--spnn-cpu", "--emit=so", "-o", self.path("m.so"))
        for function, how in [(f, how) for f in ("predict", "loss") for how in ([model, "--reference"], [self.path("m.so")])]:
            arrays = {name: values.get(name, given.get(name)) for name, _, _ in inputs_of(model, function)}
            np.savez(self.path("in.npz"), **arrays)
            tool("sparse-run", *how, "--function", function, "--input", self.path("in.npz"), "--output",
                 self.path("out.npz"), "--quiet")
            out = dict(np.load(self.path("out.npz")))
            if function == "loss" and drops:
                self.assertTrue(np.isfinite(out["loss"]))
                self.assertGreater(np.abs(out["logits"] - expected).max(), 1e-3)  # dropout did something
                continue
            scale = max(1, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(out["logits"], expected, atol=1e-5 * scale, err_msg="%s %s" % (kind, function))
            if function == "loss":
                np.testing.assert_allclose(out["loss"], loss, rtol=1e-5, atol=1e-6 * scale)

    def widths(self, kind, inputs):
        heads = ["--heads", "2,3"] if kind.startswith("gat") else []
        return ["--layers", "%d,4,3" % inputs, *heads]

    def test_graphs_at_run_time(self):
        rng = np.random.default_rng(0)
        for kind in LAYERS:
            for nodes, density in (1, 0), (2, 0.5), (13, 0.2), (17, 1):
                with self.subTest(kind=kind, nodes=nodes):
                    relations = 3 if kind == "rgcn" else 1
                    extra = ["--relations", 3] if kind == "rgcn" else []
                    tool("sparse-import", "--gnn", kind, *self.widths(kind, 5), "--nodes", nodes, *extra, "-o",
                         self.path("m.mlir"))
                    graphs = [random_graph(rng, nodes, density) for _ in range(relations)]
                    self.check(kind, self.path("m.mlir"), graphs, rng.normal(size=(nodes, 5)).astype(np.float32), rng,
                               None)

    def test_graphs_in_the_model(self):
        rng = np.random.default_rng(1)
        for kind in LAYERS:
            for nodes, features, density in (1, 1, 1.0), (11, 7, 0.2), (23, 5, 0.9):
                with self.subTest(kind=kind, nodes=nodes, density=density):
                    x = np.where(rng.random((nodes, features)) < density, rng.random((nodes, features)), 0)
                    x = x.astype(np.float32)
                    graphs = [random_graph(rng, nodes, 0.3) for _ in range(2 if kind == "rgcn" else 1)]
                    # The classes that the file has must be those of the last layer or fewer.
                    labels = rng.integers(0, min(3, max(nodes, 2)), nodes).astype(np.int32)
                    train = np.flatnonzero(rng.random(nodes) < 0.5).astype(np.int32)
                    rows, columns = np.nonzero(x)
                    for k, a in enumerate(graphs):
                        indptr, indices = csr(a)
                        np.savez(self.path("g%d.npz" % k), adj_indptr=indptr, adj_indices=indices,
                                 x_shape=np.array(x.shape), x_indptr=csr(x != 0)[0], x_indices=columns.astype(np.int32),
                                 x_values=x[rows, columns], y=labels, train=train)
                    extra = ["--relation", self.path("g1.npz")] if kind == "rgcn" else []
                    tool("sparse-import", "--gnn", kind, *self.widths(kind, features), "--graph", self.path("g0.npz"),
                         *extra, "-o", self.path("m.mlir"))
                    total = x.sum(1, keepdims=True, dtype=np.float64)
                    self.check(kind, self.path("m.mlir"), graphs, x / np.where(total == 0, 1, total), rng,
                               (labels, np.isin(np.arange(nodes), train)))

    def test_examples(self):
        rng = np.random.default_rng(2)
        for kind in LAYERS:
            with self.subTest(kind=kind):
                path = os.path.join(EXAMPLES, kind + ".mlir")
                shapes = {name: shape for name, _, shape in inputs_of(path, "predict")}
                nodes, features = shapes["x"]
                graphs = sum(name.endswith("_indptr") for name in shapes)
                self.check(kind, path, [random_graph(rng, nodes, 0.15) for _ in range(graphs)],
                           rng.normal(size=(nodes, features)).astype(np.float32), rng, None, drops=True)


if __name__ == "__main__":
    unittest.main()
