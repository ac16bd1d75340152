#!/usr/bin/env python3
"""Trains compiled graph neural networks on graphs that are wrong, or right and strange: each ends with one clear sentence
and exit status 1, or with the right numbers.

usage: SPNN_BIN=build/bin test_gnn_bad_graphs.py
"""

import json
import os
import subprocess
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    np = None

BIN = os.environ.get("SPNN_BIN", os.path.join(os.path.dirname(__file__), "..", "..", "build", "bin"))
KINDS = ["gcn", "sage-max", "gat"]
NODES, FEATURES, CLASSES = 6, 3, 2


def tool(name, *arguments):
    return subprocess.run([os.path.join(BIN, name), *map(str, arguments)], capture_output=True, text=True)


def graph(nodes=NODES, rows=None, **changes):
    """The arrays of a ring with one node apart, as a graph file has them; `rows` lists the neighbours instead."""
    if rows is None:
        ring = nodes - 1
        rows = [sorted({(i - 1) % ring, (i + 1) % ring} - {i}) for i in range(ring)] + [[]]
    dense = np.arange(1, nodes * FEATURES + 1, dtype=np.float32).reshape(nodes, FEATURES) / 7
    arrays = {
        "adj_indptr": np.cumsum([0] + [len(row) for row in rows]).astype(np.int32),
        "adj_indices": np.array([j for row in rows for j in row], np.int32),
        "x_shape": np.array([nodes, FEATURES]),
        "x_indptr": np.arange(0, nodes * FEATURES + 1, FEATURES).astype(np.int32),
        "x_indices": np.tile(np.arange(FEATURES), nodes).astype(np.int32),
        "x_values": dense.reshape(-1),
        "y": (np.arange(nodes) % CLASSES).astype(np.int32),
        "train": np.arange(0, nodes, 2).astype(np.int32),
        "val": np.arange(1, min(nodes, 2)).astype(np.int32),
        "test": np.arange(3, nodes, 2).astype(np.int32),
    }
    arrays.update(changes)
    return arrays


@unittest.skipIf(np is None, "NumPy is not installed")
class BadGraphs(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.libraries = {}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def compile(self, kind, nodes=NODES):
        """A train step whose graph comes at run time, on that many nodes."""
        if (kind, nodes) not in self.libraries:
            library = self.path("%s%d.so" % (kind, nodes))
            heads = ["--heads=2,1"] if kind == "gat" else []
            made = tool("sparse-import", "--gnn=" + kind, "--layers=%d,4,%d" % (FEATURES, CLASSES), *heads,
                        "--nodes=%d" % nodes, "-o", self.path("m.mlir"))
            self.assertEqual(made.returncode, 0, made.stderr)
            made = tool("sparse-opt", self.path("m.mlir"),
                        "--spnn-differentiate=function=loss mode=train-step optimizer=adam rate=0.01", "--spnn-cpu",
                        "--emit=so", "-o", library)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.libraries[kind, nodes] = library
        return self.libraries[kind, nodes]

    def train(self, kind, arrays, nodes=NODES):
        np.savez(self.path("g.npz"), **arrays)
        return tool("sparse-run", self.compile(kind, nodes), "--train", "--data", self.path("g.npz"), "--epochs=5",
                    "--threads=1", "--json", "-")

    def test_strange_graphs_train(self):
        alone = [[] for _ in range(NODES)]
        graphs = {
            "a node apart": (graph(), NODES),
            "no edges": (graph(rows=alone), NODES),
            "an edge from each node to itself": (graph(rows=[[i] for i in range(NODES)]), NODES),
            "one way": (graph(rows=[[1], [2], [], [], [0, 5], []]), NODES),
            "all edges": (graph(rows=[list(range(NODES))] * NODES), NODES),
            "nobody to train on": (graph(train=np.array([], np.int32)), NODES),
            "one node": (graph(1, rows=[[]]), 1),
        }
        for kind in KINDS:
            for name, (arrays, nodes) in graphs.items():
                with self.subTest(kind=kind, graph=name):
                    result = self.train(kind, arrays, nodes)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    loss = json.loads(result.stdout)["trainings"][0]["loss"]
                    if len(arrays["train"]):
                        self.assertGreater(loss, 0)
                        self.assertLess(loss, 10)
                    else:
                        self.assertEqual(loss, 0)

    def test_without_edges_neighbours_count_for_nothing(self):
        """A graph of nodes apart gives what the same nodes give with an edge to themselves, where the model adds it."""
        own = self.train("gcn", graph(rows=[[i] for i in range(NODES)]))
        none = self.train("gcn", graph(rows=[[] for _ in range(NODES)]))
        losses = [json.loads(result.stdout)["trainings"][0]["loss"] for result in (own, none)]
        self.assertEqual(losses[0], losses[1])

    def test_features_that_are_no_numbers_are_said(self):
        values = graph()["x_values"].copy()
        values[4] = np.nan
        result = self.train("gcn", graph(x_values=values))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("x_values holds 1 value that is NaN or infinite, the first at [4], of node 1", result.stderr)

    def test_wrong_files_end_with_a_sentence(self):
        good = graph()
        indices = good["adj_indices"]

        def swapped(a, b):
            other = indices.copy()
            other[[a, b]] = other[[b, a]]
            return other

        def put(name, at, value):
            other = good[name].copy()
            other[at] = value
            return {name: other}

        cases = [
            (put("adj_indices", 2, NODES), "adj_indices[2], in row 1, is 6, and 0 to 5 is wanted"),
            (put("adj_indices", 2, -1), "adj_indices[2], in row 1, is -1, and 0 to 5 is wanted"),
            ({"adj_indices": swapped(0, 1)}, "the columns of a row must ascend"),
            (put("adj_indices", 1, indices[0]), "an entry may not come twice"),
            (put("adj_indptr", 0, 1), "adj_indptr[0] is 1, and 0 is wanted"),
            (put("adj_indptr", NODES, 99), "adj_indptr[6] is 99"),
            (put("y", 0, NODES), "y[0] is 6, and a class"),
            (put("y", 0, -1), "node 0 is in train and has no class"),
            ({"val": np.array([0], np.int32)}, "node 0 is both in train and in val"),
            ({"test": np.array([NODES], np.int32)}, "test[0] is 6, and 0 to 5 is wanted"),
            ({"x_shape": np.array([NODES, 1])}, "x_indices[1], in row 0, is 1, and 0 to 0 is wanted"),
        ]
        for changes, sentence in cases:
            with self.subTest(sentence=sentence):
                self.refused(self.train("gcn", graph(**changes)), sentence)

    def test_data_that_does_not_fit_the_model_end_with_a_sentence(self):
        for kind in KINDS:
            for nodes in 5, 7:
                with self.subTest(kind=kind, nodes=nodes):
                    self.refused(self.train(kind, graph(nodes)), "was given the shape [%d]: extent 0 must be 7" % (nodes + 1))
        many = graph(y=np.array([0, 1, 2, 1, 0, 1], np.int32))
        self.refused(self.train("gcn", many), "labels with a column for each of 3 classes")

    def refused(self, result, sentence):
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(sentence, result.stderr)
        errors = [line for line in result.stderr.splitlines() if line.startswith("sparse-run: error: ")]
        self.assertEqual(len(errors), 1, result.stderr)


if __name__ == "__main__":
    unittest.main()
