"""The compact `.spz` container of the example models, version 1.

Only the Python standard library is used, so that a fresh checkout can rebuild
its models before anything has been installed.  README.md describes the layout.
"""

import hashlib
import json
import struct
import sys
import zlib
from array import array
from itertools import combinations, compress, product

MAGIC = b"SPNNSPZ\n"
VERSION = 1

# magic, version, length of the JSON header, SHA-256 of all bytes that follow.
_PREFIX = struct.Struct("<8sII32s")

# The six ways to keep two of four columns, in lexicographic order; a group's
# support digit is an index into this list.
PAIRS = list(combinations(range(4), 2))

# Pattern -> (weights that share one support digit, number of digit values).
_SUPPORT = {"dense": None, "unstructured": (1, 2), "2:4": (4, len(PAIRS)), "4x1": (4, 2)}

_MAX_PAYLOAD = 1 << 26  # refuses absurd sizes before any memory is asked for


class SpzError(Exception):
    """A compact file that cannot be used; the text is one sentence."""


class Layer:
    """One fully connected layer: y = W x + bias, with ReLU except at the end.

    `support` has one digit per weight, group or block and says what is kept;
    `codes` has one codebook index per kept weight, in row-major order.  A kept
    weight is worth scales[row] * codebook[code], rounded once to float32.
    """

    def __init__(self, outputs, inputs, pattern, support, codes, codebook, scales, bias):
        self.outputs = outputs
        self.inputs = inputs
        self.pattern = pattern
        self.support = bytes(support)
        self.codes = bytes(codes)
        self.codebook = array("f", codebook)
        self.scales = array("f", scales)
        self.bias = array("f", bias)

    def columns_of_rows(self):
        """Yields, for every row, the ascending columns of its kept weights."""
        if self.pattern == "dense":
            for _ in range(self.outputs):
                yield range(self.inputs)
        elif self.pattern == "2:4":
            groups = self.inputs // 4
            for row in range(self.outputs):
                columns = []
                for group, pair in enumerate(self.support[row * groups:(row + 1) * groups]):
                    first, second = PAIRS[pair]
                    columns.append(4 * group + first)
                    columns.append(4 * group + second)
                yield columns
        else:
            rows_per_block = 4 if self.pattern == "4x1" else 1
            for start in range(0, len(self.support), self.inputs):
                columns = list(compress(range(self.inputs),
                                        self.support[start:start + self.inputs]))
                for _ in range(rows_per_block):
                    yield columns

    def weights(self):
        """Returns the outputs x inputs matrix as float32, row-major."""
        matrix = array("f")
        zero_row = bytes(4 * self.inputs)
        start = 0
        for scale, columns in zip(self.scales, self.columns_of_rows()):
            values = [scale * level for level in self.codebook]
            row = array("f", zero_row)
            for column, code in zip(columns, self.codes[start:start + len(columns)]):
                row[column] = values[code]
            start += len(columns)
            matrix.extend(row)
        return matrix

    def sparsity(self):
        return 1.0 - len(self.codes) / (self.outputs * self.inputs)


def _digits_per_byte(base):
    count = 1
    while base ** (count + 1) <= 256:
        count += 1
    return count


def pack_digits(digits, base):
    """Packs digits below `base` into bytes, the first digit least significant.

    Full bytes let the Huffman coder behind it come within about 1 % of the
    entropy, which it would miss by far with one short symbol per digit.
    """
    size = _digits_per_byte(base)
    digits = digits + bytes(-len(digits) % size)
    packed = bytearray(len(digits) // size)
    for place in range(size):
        weight = base ** place
        packed = bytearray(low + weight * digit for low, digit in zip(packed, digits[place::size]))
    return bytes(packed)


def unpack_digits(packed, base, count):
    """Undoes pack_digits."""
    size = _digits_per_byte(base)
    table = [bytes(reversed(digits)) for digits in product(range(base), repeat=size)]
    try:
        return b"".join(map(table.__getitem__, packed))[:count]
    except IndexError:
        raise SpzError("a packed byte is out of range") from None


def little_endian(values):
    """The bytes of an array of numbers in little-endian order on any host."""
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return values.tobytes()


def _floats(data):
    values = array("f", data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def encode(name, layers):
    """Returns the bytes of a compact file."""
    header = {"name": name, "layers": []}
    payload = bytearray()
    for layer in layers:
        header["layers"].append({
            "outputs": layer.outputs, "inputs": layer.inputs, "pattern": layer.pattern,
            "nonzeros": len(layer.codes), "levels": len(layer.codebook)})
        if _SUPPORT[layer.pattern]:
            payload += pack_digits(layer.support, _SUPPORT[layer.pattern][1])
        payload += pack_digits(layer.codes, len(layer.codebook))
        for values in (layer.codebook, layer.scales, layer.bias):
            payload += little_endian(values)
    header["payload_bytes"] = len(payload)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    # Pruned weights do not repeat in any useful way, so searching for matches
    # (deflate's default, or LZMA) makes the file larger, not smaller.
    coder = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    body = text + coder.compress(bytes(payload)) + coder.flush()
    return _PREFIX.pack(MAGIC, VERSION, len(text), hashlib.sha256(body).digest()) + body


def decode(data):
    """Returns (name, layers) from the bytes of a compact file, or raises SpzError."""
    if len(data) < _PREFIX.size or data[:len(MAGIC)] != MAGIC:
        raise SpzError("this is not an .spz file")
    _, version, header_bytes, digest = _PREFIX.unpack_from(data)
    if version != VERSION:
        raise SpzError("this file has .spz version %d, but only version %d can be read"
                       % (version, VERSION))
    body = data[_PREFIX.size:]
    if hashlib.sha256(body).digest() != digest:
        raise SpzError("the file is damaged, its SHA-256 does not match its contents")
    try:
        return _decode_body(body[:header_bytes], body[header_bytes:])
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise SpzError("its contents are malformed (%s)" % error) from error


def _decode_body(text, packed):
    header = json.loads(text)
    payload_bytes = header["payload_bytes"]
    if not 0 < payload_bytes <= _MAX_PAYLOAD:
        raise SpzError("the file claims an unreasonable size")
    payload = zlib.decompressobj().decompress(packed, payload_bytes + 1)
    if len(payload) != payload_bytes:
        raise SpzError("the payload does not have the length that the header states")

    position = 0

    def take(count):
        nonlocal position
        if count < 0 or position + count > len(payload):
            raise SpzError("the payload is shorter than its layers need")
        position += count
        return payload[position - count:position]

    def take_digits(base, count):
        return unpack_digits(take(-(-count // _digits_per_byte(base))), base, count)

    layers = []
    for entry in header["layers"]:
        outputs, inputs = entry["outputs"], entry["inputs"]
        pattern, levels = entry["pattern"], entry["levels"]
        if pattern not in _SUPPORT:
            raise SpzError("a layer has an unknown pattern")
        if (outputs < 1 or inputs < 1 or (pattern == "2:4" and inputs % 4)
                or (pattern == "4x1" and outputs % 4)):
            raise SpzError("a layer's shape does not fit its pattern")
        if layers and layers[-1].outputs != inputs:
            raise SpzError("two neighbouring layers do not fit together")
        if not 2 <= levels <= 256:
            raise SpzError("a layer's codebook has an impossible size")
        support = b""
        if _SUPPORT[pattern]:
            weights, base = _SUPPORT[pattern]
            support = take_digits(base, outputs * inputs // weights)
        layer = Layer(outputs, inputs, pattern, support, take_digits(levels, entry["nonzeros"]),
                      _floats(take(4 * levels)), _floats(take(4 * outputs)),
                      _floats(take(4 * outputs)))
        if sum(map(len, layer.columns_of_rows())) != len(layer.codes):
            raise SpzError("a layer's pattern and its number of weights disagree")
        layers.append(layer)
    if not layers or position != len(payload):
        raise SpzError("the payload does not match the layers that the header lists")
    return header["name"], layers


def read(path):
    """Returns (name, layers) from a file, or raises SpzError naming the file."""
    try:
        with open(path, "rb") as stream:
            return decode(stream.read())
    except OSError as error:
        raise SpzError("cannot read '%s': %s" % (path, error.strerror)) from error
    except SpzError as error:
        raise SpzError("cannot use '%s': %s" % (path, error)) from error
