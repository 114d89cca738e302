"""Gives fastavro the codec zstandard, for which it wants a package that the tests have no other use for."""

import io

import cramjam
from fastavro import _read, _write


def zigzag(number):
    number, taken = number << 1, bytearray()
    while number >= 0x80:
        taken.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(taken + bytearray([number]))


def write(file, block, level):
    packed = bytes(cramjam.zstd.compress(block))
    file.write(zigzag(len(packed)) + packed)


def read(file):
    size, shift = 0, 0
    while True:
        byte = file.read(1)[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return io.BytesIO(bytes(cramjam.zstd.decompress(file.read(size >> 1))))


_write.BLOCK_WRITERS["zstandard"] = write
_read.BLOCK_READERS["zstandard"] = read
