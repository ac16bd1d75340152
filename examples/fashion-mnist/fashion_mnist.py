"""Reads the gzipped idx files of Fashion-MNIST with the standard library only."""

import gzip
import os
import struct
import zlib

# Where Debian's package dataset-fashion-mnist puts the four files.
DEFAULT_FOLDER = "/usr/share/datasets/fashion-mnist"
PIXELS = 28 * 28


class DataError(Exception):
    """Data that cannot be used; the text is one sentence."""


def _read(folder, name, magic, header_bytes):
    path = os.path.join(folder, name)
    try:
        with gzip.open(path, "rb") as stream:
            data = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError("cannot read '%s' (is the Debian package dataset-fashion-mnist "
                        "installed?): %s" % (path, reason)) from error
    if len(data) < header_bytes or struct.unpack_from(">I", data)[0] != magic:
        raise DataError("'%s' is not the idx file that was expected" % path)
    return data, path


def load(folder, part):
    """Returns (pixels, labels) as bytes for part "train" or "t10k"."""
    images, image_path = _read(folder, part + "-images-idx3-ubyte.gz", 0x803, 16)
    labels, label_path = _read(folder, part + "-labels-idx1-ubyte.gz", 0x801, 8)
    count, height, width = struct.unpack_from(">III", images, 4)
    if height * width != PIXELS or len(images) != 16 + count * PIXELS:
        raise DataError("'%s' does not hold the 28x28 images that its header states" % image_path)
    if struct.unpack_from(">I", labels, 4)[0] != count or len(labels) != 8 + count:
        raise DataError("'%s' does not hold one label per image" % label_path)
    return images[16:], labels[8:]
