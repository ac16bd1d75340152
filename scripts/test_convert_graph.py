#!/usr/bin/env python3
"""Tests convert_graph.py on small files in the layouts of the public data sets; skipped without NumPy and SciPy."""

import gzip
import os
import pickle
import sys
import tempfile
import types
import unittest

try:
    import numpy as np
    import scipy.sparse as sp
    import convert_graph
except ImportError:
    np = None


@unittest.skipIf(np is None, "NumPy or SciPy is not installed")
class ConvertGraph(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, *parts):
        full = os.path.join(self.folder.name, *parts)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        return full

    def convert(self, *arguments):
        convert_graph.main([*arguments, self.path("out.npz")])
        with np.load(self.path("out.npz")) as file:
            return dict(file)

    def error(self, *arguments):
        with self.assertRaises(SystemExit) as caught:
            self.convert(*arguments)
        return str(caught.exception)

    def dense(self, arrays, prefix, shape):
        values = arrays.get(prefix + "_values", np.ones(len(arrays[prefix + "_indices"])))
        return sp.csr_matrix((values, arrays[prefix + "_indices"], arrays[prefix + "_indptr"]), shape).toarray()

    def planetoid(self):
        """8 nodes of 3 classes: 2 for training, 3 more with classes, tests 7 and 5; 6 is a gap as in Citeseer."""
        x = np.arange(20, dtype=np.float32).reshape(5, 4)
        one = np.eye(3)[[0, 1, 2, 0, 1]]
        one[3] = 0  # no class
        parts = {"allx": sp.csr_matrix(x), "ally": one, "y": one[:2], "tx": sp.csr_matrix(np.array([[7., 0, 0, 7],
                                                                                                     [5, 0, 0, 5]])),
                 "ty": np.eye(3)[[2, 1]], "graph": {0: [1, 1, 0], 1: [0], 2: [7], 7: [], 3: [], 4: [], 5: [], 6: []}}
        for part, value in parts.items():
            with open(self.path("ind.tiny." + part), "wb") as file:
                pickle.dump(value, file)
        with open(self.path("ind.tiny.test.index"), "w") as file:
            file.write("7\n5\n")
        return x

    def test_planetoid(self):
        x = self.planetoid()
        out = self.convert("planetoid", self.folder.name, "tiny")
        features = self.dense(out, "x", tuple(out["x_shape"]))
        np.testing.assert_array_equal(features[:5], x)
        np.testing.assert_array_equal(features[5:], [[5, 0, 0, 5], [0, 0, 0, 0], [7, 0, 0, 7]])
        np.testing.assert_array_equal(out["y"], [0, 1, 2, -1, 1, 1, -1, 2])
        expected = np.zeros((8, 8))
        for i, j in (0, 1), (2, 7):
            expected[i, j] = expected[j, i] = 1  # twice given, without a reverse, and the loop of 0 left out
        np.testing.assert_array_equal(self.dense(out, "adj", (8, 8)), expected)
        self.assertEqual((out["train"].tolist(), out["val"].tolist(), out["test"].tolist()), ([0, 1], [2, 3, 4], [5, 7]))

    def test_planetoid_errors(self):
        self.assertIn("ind.tiny.allx", self.error("planetoid", self.folder.name, "tiny"))
        self.planetoid()
        with open(self.path("ind.tiny.test.index"), "w") as file:
            file.write("7\n6\n")
        self.assertIn("the test nodes begin at 6, and 5 others are given",
                      self.error("planetoid", self.folder.name, "tiny"))

    def write_ogb(self, edges):
        files = {"raw/edge.csv.gz": edges, "raw/num-node-list.csv.gz": "4\n",
                 "raw/node-feat.csv.gz": "1,0\n0,2\n0,0\n3,4\n", "raw/node-label.csv.gz": "1\n0\nnan\n1\n",
                 "split/time/train.csv.gz": "0\n", "split/time/valid.csv.gz": "3\n", "split/time/test.csv.gz": "1\n"}
        for name, text in files.items():
            with gzip.open(self.path(name), "wt") as file:
                file.write(text)

    def test_ogb(self):
        self.write_ogb("0,1\n3,1\n1,0\n")
        out = self.convert("ogb", self.folder.name)
        np.testing.assert_array_equal(out["adj_indptr"], [0, 1, 3, 3, 4])
        np.testing.assert_array_equal(out["adj_indices"], [1, 0, 3, 1])
        np.testing.assert_array_equal(out["y"], [1, 0, -1, 1])
        np.testing.assert_array_equal(self.dense(out, "x", (4, 2)), [[1, 0], [0, 2], [0, 0], [3, 4]])
        self.assertEqual((out["train"].tolist(), out["val"].tolist(), out["test"].tolist()), ([0], [3], [1]))

    def test_ogb_errors(self):
        self.write_ogb("0,4\n")
        self.assertIn("an edge names a node that is not among the 4 nodes", self.error("ogb", self.folder.name))

    def test_graphdata(self):
        matrix = sp.csr_matrix(np.array([[0, 1, 0], [0, 1, 1], [0, 0, 0]]))
        np.savez(self.path("g.npz"), adj_matrix=matrix, node_attr=sp.csr_matrix(np.eye(3)), node_label=np.array([0, 1, 0]))
        out = self.convert("graphdata", self.path("g.npz"))
        np.testing.assert_array_equal(self.dense(out, "adj", (3, 3)), [[0, 1, 0], [1, 0, 1], [0, 1, 0]])
        np.testing.assert_array_equal(self.dense(out, "x", (3, 3)), np.eye(3))
        self.assertNotIn("train", out)
        np.savez(self.path("h.npz"), other=np.zeros(1))
        self.assertIn("has no array adj_matrix", self.error("graphdata", self.path("h.npz")))

    def fake_pyg(self, train_mask):
        """Stands in for torch_geometric: a class Set whose tensors have numpy()."""

        class Tensor:

            def __init__(self, values):
                self.values = np.array(values)

            def numpy(self):
                return self.values

        data = types.SimpleNamespace(num_nodes=3, edge_index=Tensor([[0, 1], [1, 2]]), x=Tensor(np.eye(3)),
                                     y=Tensor([0, 1, 1]), train_mask=Tensor(train_mask),
                                     test_mask=Tensor([False, False, True]))
        package, datasets = types.ModuleType("torch_geometric"), types.ModuleType("torch_geometric.datasets")
        datasets.Set = lambda root, name=None: [data]
        package.datasets = datasets
        for module in package, datasets:
            sys.modules[module.__name__] = module
            self.addCleanup(sys.modules.pop, module.__name__)

    def test_pyg_with_one_split(self):
        self.fake_pyg([True, False, False])
        out = self.convert("pyg", "Set:root:name")
        self.assertEqual((out["train"].tolist(), out["test"].tolist()), ([0], [2]))
        self.assertNotIn("val", out)
        self.assertEqual(out["adj_indices"].tolist(), [1, 0, 2, 1])

    def test_pyg_with_several_splits(self):
        self.fake_pyg([[True, False], [False, True], [False, False]])
        out = self.convert("pyg", "Set:root")
        np.testing.assert_array_equal(out["train_masks"], [[1, 0, 0], [0, 1, 0]])
        np.testing.assert_array_equal(out["test_masks"], [[0, 0, 1], [0, 0, 1]])

    def test_pyg_is_not_installed(self):
        if "torch_geometric" in sys.modules or convert_graph.importlib.util.find_spec("torch_geometric"):
            self.skipTest("PyTorch Geometric is installed")
        self.assertIn("PyTorch Geometric cannot be imported", self.error("pyg", "Set:root"))


if __name__ == "__main__":
    unittest.main()
