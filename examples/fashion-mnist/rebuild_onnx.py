#!/usr/bin/env python3
"""Rebuilds the ONNX models (and test data) of this folder from their compact files.

Only the Python standard library is needed: the few protobuf messages that make
up a model of Gemm and Relu nodes are written by hand.
"""

import argparse
import os
import struct
import sys
from array import array

import fashion_mnist
import spz

HERE = os.path.dirname(os.path.abspath(__file__))

# The newest that Debian 12's onnx 1.12 reads.
IR_VERSION = 8
OPSET = 17

_FLOAT = 1  # TensorProto.DataType.FLOAT
_ATTRIBUTE_INT = 2  # AttributeProto.AttributeType.INT


def varint(value):
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def number(field, value):
    return varint(field << 3) + varint(value)


def block(field, data):
    """A length-delimited field: text, bytes or a nested message."""
    if isinstance(data, str):
        data = data.encode()
    return varint(field << 3 | 2) + varint(len(data)) + data


def tensor(name, dims, values):
    return (b"".join(number(1, dim) for dim in dims) + number(2, _FLOAT)
            + block(8, name) + block(9, spz.little_endian(values)))


def value_info(name, columns):
    """A float tensor of shape [batch, columns] with a symbolic batch."""
    shape = block(1, block(2, "batch")) + block(1, number(1, columns))
    return block(1, name) + block(2, block(1, number(1, _FLOAT) + block(2, shape)))


def node(operator, name, inputs, output, attributes=()):
    message = b"".join(block(1, each) for each in inputs)
    message += block(2, output) + block(3, name) + block(4, operator)
    for key, value in attributes:
        message += block(5, block(1, key) + number(3, value) + number(20, _ATTRIBUTE_INT))
    return message


def onnx_bytes(model_name, layers):
    """Returns a ModelProto: input `image`, output `logits`, Gemm and Relu nodes."""
    graph = b""
    initializers = b""
    value = "image"
    for index, layer in enumerate(layers, 1):
        last = index == len(layers)
        weight, bias = "fc%d.weight" % index, "fc%d.bias" % index
        result = "logits" if last else "fc%d.out" % index
        graph += block(1, node("Gemm", "fc%d" % index, (value, weight, bias), result,
                               (("transB", 1),)))
        value = result
        if not last:
            value = "relu%d.out" % index
            graph += block(1, node("Relu", "relu%d" % index, (result,), value))
        initializers += block(5, tensor(weight, (layer.outputs, layer.inputs), layer.weights()))
        initializers += block(5, tensor(bias, (layer.outputs,), layer.bias))
    graph += block(2, model_name) + initializers
    graph += block(11, value_info("image", layers[0].inputs))
    graph += block(12, value_info("logits", layers[-1].outputs))
    return (number(1, IR_VERSION) + block(2, "spnn examples/fashion-mnist")
            + block(7, graph) + block(8, block(1, "") + number(2, OPSET)))


def npy_bytes(descr, shape, data):
    """The bytes of a NumPy .npy file, format 1.0."""
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (descr, shape)
    # The format wants the data to start at a multiple of 64.
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def write_atomically(path, data):
    """Nobody ever sees half a file: it appears under its name when complete."""
    part = "%s.part-%d" % (path, os.getpid())
    try:
        with open(part, "wb") as stream:
            stream.write(data)
        os.replace(part, path)
    except BaseException:
        if os.path.exists(part):
            os.remove(part)
        raise


def rebuild_model(compact, folder):
    name, layers = spz.read(compact)
    # The name becomes a file name, so it must not lead out of the folder.
    if name != os.path.basename(name) or name.startswith(".") or not name:
        raise spz.SpzError("cannot use '%s': it holds an unsuitable model name" % compact)
    path = os.path.join(folder, name + ".onnx")
    write_atomically(path, onnx_bytes(name, layers))
    return path


def rebuild_test_data(dataset, folder):
    pixels, labels = fashion_mnist.load(dataset, "t10k")
    brightness = [value / 255 for value in range(256)]
    images = array("f", map(brightness.__getitem__, pixels))
    # Through a list, because array() takes bytes for memory, not for numbers.
    label_numbers = array("q", list(labels))
    image_path = os.path.join(folder, "images.npy")
    label_path = os.path.join(folder, "labels.npy")
    write_atomically(image_path, npy_bytes("<f4", (len(labels), fashion_mnist.PIXELS),
                                           spz.little_endian(images)))
    write_atomically(label_path, npy_bytes("<i8", (len(labels),),
                                           spz.little_endian(label_numbers)))
    return image_path, label_path


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("compact", nargs="*", metavar="FILE.spz",
                        help="compact files to rebuild (default: all beside this script)")
    parser.add_argument("--out", metavar="DIR",
                        help="write each MODEL.onnx here; created when missing")
    parser.add_argument("--test-data", metavar="DIR",
                        help="write the 10,000 test images (pixel/255, float32 [10000,784]) and "
                             "their labels (int64) here as images.npy and labels.npy")
    parser.add_argument("--dataset", default=fashion_mnist.DEFAULT_FOLDER, metavar="DIR",
                        help="where the Fashion-MNIST .gz files are (default: %(default)s)")
    args = parser.parse_args()
    if not args.out and not args.test_data:
        parser.error("nothing to do: give --out, --test-data or both")
    if args.compact and not args.out:
        parser.error("compact files need --out to say where their models go")
    return args


def main():
    args = parse_arguments()
    try:
        if args.out:
            compact = args.compact or sorted(
                os.path.join(HERE, name) for name in os.listdir(HERE) if name.endswith(".spz"))
            os.makedirs(args.out, exist_ok=True)
            for path in compact:
                print(rebuild_model(path, args.out))
        if args.test_data:
            os.makedirs(args.test_data, exist_ok=True)
            print("\n".join(rebuild_test_data(args.dataset, args.test_data)))
    except (spz.SpzError, fashion_mnist.DataError) as error:
        sys.exit("rebuild_onnx.py: %s" % error)
    except OSError as error:
        sys.exit("rebuild_onnx.py: cannot write '%s': %s"
                 % (error.filename or args.out or args.test_data, error.strerror))


if __name__ == "__main__":
    main()
