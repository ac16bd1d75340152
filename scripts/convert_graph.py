#!/usr/bin/env python3
"""Turns public graph data sets into the .npz that sparse-import --graph and sparse-run --data read.

usage: convert_graph.py planetoid FOLDER NAME OUT.npz     ind.NAME.* of the Planetoid files
       convert_graph.py ogb FOLDER OUT.npz                raw/ and split/ of an OGB node data set, as csv.gz
       convert_graph.py pyg CLASS:ROOT[:NAME] OUT.npz     any data set of PyTorch Geometric, where that is installed
       convert_graph.py graphdata FILE.npz OUT.npz        pickled scipy matrices: adj_matrix, node_attr, node_label

Needs NumPy and SciPy. Edges get their reverse, none goes from a node to itself. docs/gnn.md has the layout and says where
the files are. planetoid and graphdata files are pickles, which run code when they are loaded: take them from sources that
you trust.
"""

import argparse
import gzip
import importlib
import importlib.util
import os
import pickle
import sys

import numpy as np
import scipy.sparse as sp


class BadInput(Exception):
    """One sentence for the user."""


def adjacency(rows, columns, nodes):
    """Symmetric, without loops, all values 1."""
    rows, columns = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
    if len(rows) and (min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) >= nodes):
        raise BadInput("an edge names a node that is not among the %d nodes" % nodes)
    keep = rows != columns
    pattern = sp.coo_matrix((np.ones(keep.sum(), np.int8), (rows[keep], columns[keep])), (nodes, nodes)).tocsr()
    pattern = (pattern + pattern.T).tocsr()
    pattern.sum_duplicates()
    pattern.sort_indices()
    return pattern


def write(path, pattern, features=None, labels=None, **sets):
    arrays = {"adj_indptr": pattern.indptr.astype(np.int32), "adj_indices": pattern.indices.astype(np.int32)}
    if features is not None:
        x = sp.csr_matrix(features, dtype=np.float32)
        x.sum_duplicates()
        x.eliminate_zeros()
        x.sort_indices()
        arrays.update(x_shape=np.array(x.shape, np.int32), x_indptr=x.indptr.astype(np.int32),
                      x_indices=x.indices.astype(np.int32), x_values=x.data)
    if labels is not None:
        arrays["y"] = np.asarray(labels, np.int32)
    for name, ids in sets.items():
        if ids is not None:
            arrays[name] = np.sort(np.asarray(ids, np.int32))
    np.savez_compressed(path, **arrays)
    print("%s: %d nodes, %d edges" % (path, pattern.shape[0], pattern.nnz))


def planetoid(folder, name, out):
    """tkipf/gcn's gcn/data: x, tx, allx, y, ty, ally, graph, test.index."""

    def load(part):
        with open(os.path.join(folder, "ind.%s.%s" % (name, part)), "rb") as file:
            return pickle.load(file, encoding="latin1")

    allx, tx, ally, ty, graph = (load(part) for part in ("allx", "tx", "ally", "ty", "graph"))
    train = load("y").shape[0]
    with open(os.path.join(folder, "ind.%s.test.index" % name)) as file:
        index = np.array([int(line) for line in file], np.int64)
    # Citeseer's test nodes have gaps: nodes without features and edges, whose class nobody knows.
    first, nodes = index.min(), max(index.max() + 1, len(graph))
    if first != allx.shape[0]:
        raise BadInput("the test nodes begin at %d, and %d others are given" % (first, allx.shape[0]))
    features = sp.lil_matrix((nodes, allx.shape[1]), dtype=np.float32)
    features[:first] = allx
    features[index] = tx
    labels = np.full(nodes, -1, np.int32)
    labels[:first] = ally.argmax(1)
    labels[index] = ty.argmax(1)
    # A row of zeros is a node without a class.
    labels[:first][ally.sum(1) == 0] = -1
    pairs = [(i, j) for i, neighbours in graph.items() for j in neighbours]
    rows, columns = zip(*pairs) if pairs else ((), ())
    write(out, adjacency(rows, columns, nodes), features, labels, train=np.arange(train),
          val=np.arange(train, min(train + 500, first)), test=index)


def read_csv(path, dtype):
    with gzip.open(path, "rt") as file:
        return np.loadtxt(file, dtype, delimiter=",", ndmin=2)


def ogb(folder, out):
    """raw/{edge,node-feat,node-label,num-node-list}.csv.gz and split/*/{train,valid,test}.csv.gz."""
    raw = os.path.join(folder, "raw")
    nodes = int(read_csv(os.path.join(raw, "num-node-list.csv.gz"), np.int64).sum())
    edges = read_csv(os.path.join(raw, "edge.csv.gz"), np.int64)
    labels = read_csv(os.path.join(raw, "node-label.csv.gz"), np.float64)[:, 0]
    labels = np.where(np.isnan(labels), -1, labels).astype(np.int32)
    feature_file = os.path.join(raw, "node-feat.csv.gz")
    features = read_csv(feature_file, np.float32) if os.path.exists(feature_file) else None
    kinds = sorted(os.listdir(os.path.join(folder, "split")))
    if len(kinds) != 1:
        raise BadInput("%s holds %d splits, and one is wanted" % (os.path.join(folder, "split"), len(kinds)))
    sets = [read_csv(os.path.join(folder, "split", kinds[0], part + ".csv.gz"), np.int64)[:, 0]
            for part in ("train", "valid", "test")]
    write(out, adjacency(edges[:, 0], edges[:, 1], nodes), features, labels, train=sets[0], val=sets[1], test=sets[2])


def pyg(spec, out):
    """torch_geometric.datasets.CLASS(root=ROOT, name=NAME)[0]; masks of several splits are kept."""
    try:
        datasets = importlib.import_module("torch_geometric.datasets")
    except ImportError as error:
        raise BadInput("PyTorch Geometric cannot be imported (%s); the other formats do not need it" % error) from error
    kind, root, *name = spec.split(":")
    data = getattr(datasets, kind)(root=root, **({"name": name[0]} if name else {}))[0]
    nodes = data.num_nodes
    rows, columns = data.edge_index.numpy()
    masks = {}
    for key, mask in ("train", "train_mask"), ("val", "val_mask"), ("test", "test_mask"):
        if getattr(data, mask, None) is not None:
            masks[key] = getattr(data, mask).numpy()
    pattern = adjacency(rows, columns, nodes)
    x = None if data.x is None else data.x.numpy()
    if any(mask.ndim == 2 for mask in masks.values()):
        write(out, pattern, x, data.y.numpy())
        with np.load(out) as file:
            arrays = dict(file)
        # One mask for all splits, such as a common test set, is repeated.
        count = max(mask.shape[1] for mask in masks.values() if mask.ndim == 2)
        arrays.update({key + "_masks": mask.T if mask.ndim == 2 else np.tile(mask, (count, 1))
                       for key, mask in masks.items()})
        np.savez_compressed(out, **arrays)
    else:
        write(out, pattern, x, data.y.numpy(), **{key: np.flatnonzero(mask) for key, mask in masks.items()})


def graphdata(path, out):
    """EdisonLeeeee/GraphData's datasets/*.npz."""
    with np.load(path, allow_pickle=True) as file:
        if "adj_matrix" not in file:
            raise BadInput("'%s' has no array adj_matrix" % path)
        matrix = sp.coo_matrix(file["adj_matrix"].item())
        features = file["node_attr"].item() if "node_attr" in file else None
        labels = file["node_label"] if "node_label" in file else None
    write(out, adjacency(matrix.row, matrix.col, matrix.shape[0]), features, labels)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for function, names in (planetoid, ["folder", "name", "out"]), (ogb, ["folder", "out"]), (pyg, ["spec", "out"]), (
            graphdata, ["path", "out"]):
        command = commands.add_parser(function.__name__, help=function.__doc__)
        for name in names:
            command.add_argument(name)
        command.set_defaults(run=function)
    options = vars(parser.parse_args(arguments))
    options.pop("command")
    run = options.pop("run")
    try:
        run(**options)
    except (BadInput, OSError, ValueError, KeyError, pickle.UnpicklingError) as error:
        sys.exit("convert_graph.py: error: %s" % str(error).replace("\n", " "))


if __name__ == "__main__":
    main()
