#!/usr/bin/env python3
"""Tests rebuild_onnx.py and the committed models; needs the standard library only.

The weights are read back from the ONNX bytes, not from the compact files, so
that a mistake in the writer shows.  The accuracy tests run where NumPy, or onnx
and onnxruntime, happen to be installed, and are skipped elsewhere.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
from array import array

import fashion_mnist

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "rebuild_onnx.py")
SIZE_LIMIT = 1_000_000

try:
    import numpy
except ImportError:
    numpy = None
try:
    import onnx
    import onnxruntime
except ImportError:
    onnx = onnxruntime = None

HAS_DATA = os.path.isdir(fashion_mnist.DEFAULT_FOLDER)


def rebuild(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)


def fields(data):
    """Yields (field number, value) of a protobuf message."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(data):
        key = varint()
        value = varint()
        if key & 7 == 2:
            position += value
            value = data[position - value:position]
        yield key >> 3, value


def initializers(path):
    """Returns {name: (dims, float array)} of an ONNX file."""
    with open(path, "rb") as stream:
        model = memoryview(stream.read())
    graph = dict(fields(model))[7]
    found = {}
    for field, tensor in fields(graph):
        if field != 5:
            continue
        dims = tuple(value for key, value in fields(tensor) if key == 1)
        rest = dict(fields(tensor))
        values = array("f", bytes(rest[9]))
        if sys.byteorder == "big":
            values.byteswap()
        found[bytes(rest[8]).decode()] = dims, values
    return found


def two_of_four(weights, inputs):
    """Whether no aligned group of four columns holds more than two nonzeros."""
    assert inputs % 4 == 0  # so that groups do not straddle rows
    nonzero = bytes(map(bool, weights))
    return all(sum(group) <= 2 for group in zip(*[iter(nonzero)] * 4))


def four_by_one(weights, outputs, inputs):
    """Whether in every four consecutive rows a column is kept or zero as a whole."""
    nonzero = bytes(map(bool, weights))
    rows = [nonzero[start:start + inputs] for start in range(0, outputs * inputs, inputs)]
    return all(rows[first] == rows[first + other]
               for first in range(0, outputs, 4) for other in (1, 2, 3))


class RebuiltModels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(HERE, "models.json")) as stream:
            cls.models = json.load(stream)
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        result = rebuild("--out", cls.folder.name)
        assert result.returncode == 0, result.stderr
        cls.paths = {name: os.path.join(cls.folder.name, name + ".onnx") for name in cls.models}

    def test_every_compact_file_is_listed_and_unchanged(self):
        compact = sorted(name for name in os.listdir(HERE) if name.endswith(".spz"))
        self.assertEqual(compact, sorted(entry["file"] for entry in self.models.values()))
        for name, entry in self.models.items():
            with open(os.path.join(HERE, entry["file"]), "rb") as stream:
                data = stream.read()
            self.assertEqual(hashlib.sha256(data).hexdigest(), entry["sha256"], name)
            self.assertEqual(len(data), entry["bytes"], name)
            self.assertLess(len(data), SIZE_LIMIT, name)

    def test_only_the_models_are_written(self):
        self.assertEqual(sorted(os.listdir(self.folder.name)),
                         sorted(name + ".onnx" for name in self.models))

    def test_sparsity_of_every_layer(self):
        for name, entry in self.models.items():
            tensors = initializers(self.paths[name])
            for index, layer in enumerate(entry["layers"], 1):
                dims, weights = tensors["fc%d.weight" % index]
                self.assertEqual(dims, (layer["outputs"], layer["inputs"]))
                self.assertEqual(len(weights), dims[0] * dims[1])
                nonzeros = sum(map(bool, weights))
                self.assertEqual(nonzeros, layer["nonzeros"], (name, index))
                self.assertAlmostEqual(1 - nonzeros / len(weights), layer["sparsity"])
                self.assertEqual(tensors["fc%d.bias" % index][0], (layer["outputs"],))

    def test_the_unstructured_model_is_95_percent_zero(self):
        layers = self.models["mlp-unstructured-95"]["layers"]
        for layer in layers[:3]:
            self.assertAlmostEqual(layer["sparsity"], 0.95, delta=0.005)
        weights = sum(layer["outputs"] * layer["inputs"] for layer in layers)
        self.assertGreaterEqual(1 - sum(layer["nonzeros"] for layer in layers) / weights, 0.95)

    def test_the_two_of_four_pattern_is_exact(self):
        tensors = initializers(self.paths["mlp-2-4"])
        for index in range(1, 5):
            dims, weights = tensors["fc%d.weight" % index]
            self.assertTrue(two_of_four(weights, dims[1]), index)

    def test_the_four_by_one_pattern_is_exact(self):
        tensors = initializers(self.paths["mlp-block-4x1-90"])
        for index in range(1, 4):
            dims, weights = tensors["fc%d.weight" % index]
            self.assertTrue(four_by_one(weights, *dims), index)
            zeros = 1 - sum(map(bool, weights)) / len(weights)
            self.assertAlmostEqual(zeros, 0.9, delta=0.001)

    def test_the_pattern_checks_can_fail(self):
        self.assertFalse(two_of_four([1.0, 2.0, 3.0, 0.0], 4))
        self.assertFalse(four_by_one([1.0] * 7 + [0.0], 4, 2))

    @unittest.skipUnless(numpy and HAS_DATA, "needs NumPy and the data set")
    def test_accuracy_with_numpy(self):
        images, labels = self.load_test_data()
        for name, entry in self.models.items():
            tensors = {key: numpy.frombuffer(values, numpy.float32).reshape(dims)
                       for key, (dims, values) in initializers(self.paths[name]).items()}
            x = images
            for index in range(1, 5):
                x = x @ tensors["fc%d.weight" % index].T + tensors["fc%d.bias" % index]
                if index < 4:
                    x = numpy.maximum(x, 0)
            self.assert_accuracy(name, entry, x, labels)

    @unittest.skipUnless(onnxruntime and HAS_DATA, "needs onnx, onnxruntime and the data set")
    def test_accuracy_with_onnxruntime(self):
        images, labels = self.load_test_data()
        for name, entry in self.models.items():
            model = onnx.load(self.paths[name])
            onnx.checker.check_model(model, full_check=True)
            self.assertEqual((model.ir_version, model.opset_import[0].version), (8, 17))
            session = onnxruntime.InferenceSession(self.paths[name],
                                                   providers=["CPUExecutionProvider"])
            self.assertEqual([(each.name, each.shape) for each in session.get_inputs()],
                             [("image", ["batch", 784])])
            self.assertEqual([(each.name, each.shape) for each in session.get_outputs()],
                             [("logits", ["batch", 10])])
            logits = session.run(["logits"], {"image": images})[0]
            self.assert_accuracy(name, entry, logits, labels)

    def assert_accuracy(self, name, entry, logits, labels):
        correct = int((logits.argmax(1) == labels).sum())
        # Another order of summation may tip an image whose best two logits tie.
        self.assertAlmostEqual(correct, entry["test_correct"], delta=2, msg=name)

    def load_test_data(self):
        with tempfile.TemporaryDirectory() as folder:
            result = rebuild("--test-data", folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            return (numpy.load(os.path.join(folder, "images.npy")),
                    numpy.load(os.path.join(folder, "labels.npy")))


class TestData(unittest.TestCase):
    @unittest.skipUnless(HAS_DATA, "needs the data set")
    def test_images_and_labels(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(rebuild("--test-data", folder).returncode, 0)
            for name, kind, item, shape in (("images.npy", "<f4", 4 * 784, "(10000, 784)"),
                                            ("labels.npy", "<i8", 8, "(10000,)")):
                with open(os.path.join(folder, name), "rb") as stream:
                    data = stream.read()
                start = 10 + int.from_bytes(data[8:10], "little")
                header = data[10:start].decode()
                self.assertEqual(data[:8], b"\x93NUMPY\x01\x00")
                self.assertEqual(start % 64, 0)
                self.assertIn("'descr': '%s'" % kind, header)
                self.assertIn("'shape': %s" % shape, header)
                self.assertEqual(len(data) - start, 10000 * item)
                if name == "labels.npy":
                    labels = [int.from_bytes(data[each:each + 8], "little")
                              for each in range(start, len(data), 8)]
                    self.assertEqual([labels.count(digit) for digit in range(10)], [1000] * 10)

    def test_a_missing_data_set_is_one_sentence(self):
        with tempfile.TemporaryDirectory() as folder:
            result = rebuild("--test-data", folder, "--dataset", os.path.join(folder, "none"))
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertEqual(os.listdir(folder), [])


class DamagedFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.compact = os.path.join(folder.name, "damaged.spz")
        self.out = os.path.join(folder.name, "out")
        with open(os.path.join(HERE, "mlp-unstructured-95.spz"), "rb") as stream:
            self.good = stream.read()

    def assert_refused(self, data, reason):
        with open(self.compact, "wb") as stream:
            stream.write(data)
        result = rebuild(self.compact, "--out", self.out)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn("rebuild_onnx.py: cannot use '%s': %s" % (self.compact, reason),
                      result.stderr)
        self.assertEqual(os.listdir(self.out), [])

    def flipped(self, position):
        data = bytearray(self.good)
        data[position] ^= 0x10
        return bytes(data)

    def test_a_flipped_bit_is_refused(self):
        for position in (20, 60, len(self.good) // 2, len(self.good) - 1):
            self.assert_refused(self.flipped(position), "the file is damaged")

    def test_a_cut_file_is_refused(self):
        self.assert_refused(self.good[:-1], "the file is damaged")
        self.assert_refused(self.good[:20], "this is not an .spz file")
        self.assert_refused(b"", "this is not an .spz file")

    def test_another_kind_or_version_of_file_is_refused(self):
        self.assert_refused(self.flipped(0), "this is not an .spz file")
        self.assert_refused(self.flipped(8), "this file has .spz version 17")

    def test_wrong_contents_under_a_right_checksum_are_refused(self):
        length = int.from_bytes(self.good[12:16], "little")
        text, packed = self.good[48:48 + length], self.good[48 + length:]
        kept = json.loads(text)["layers"][0]["nonzeros"]
        for old, new, reason in (
                (b'"nonzeros":', b'"nonzeros":99', "the payload is shorter"),
                (b'"levels":32', b'"levels":31', "a packed byte is out of range"),
                (b'"nonzeros":%d' % kept, b'"nonzeros":%d' % (kept - 1), "a layer's pattern"),
                (b'"pattern":"unstructured"', b'"pattern":"5:7"', "a layer has an unknown"),
                (b'"outputs":1024', b'"outputs":"many"', "its contents are malformed"),
                (b'{', b'[', "its contents are malformed")):
            changed = text.replace(old, new, 1)
            self.assertNotEqual(changed, text)
            body = changed + packed
            self.assert_refused(
                self.good[:12] + len(changed).to_bytes(4, "little")
                + hashlib.sha256(body).digest() + body, reason)

    def test_a_missing_file_is_refused(self):
        result = rebuild(self.compact, "--out", self.out)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def test_an_earlier_model_survives_a_failure(self):
        os.mkdir(self.out)
        earlier = os.path.join(self.out, "mlp-unstructured-95.onnx")
        with open(earlier, "w") as stream:
            stream.write("earlier")
        with open(self.compact, "wb") as stream:
            stream.write(self.flipped(1000))
        self.assertEqual(rebuild(self.compact, "--out", self.out).returncode, 1)
        with open(earlier) as stream:
            self.assertEqual(stream.read(), "earlier")


if __name__ == "__main__":
    unittest.main()
