"""The texts that a netCDF4 file has of its own among its definitions, and the checksum over them.

A record says its seed beside its numbers, in the header of the root group: HDF5 keeps that in one
block, which begins with a signature and ends with its checksum.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SIGNATURES = b"OHDR", b"OCHK"
"""Of a block of definitions, and of one that goes on with them."""
WORD = 0xFFFFFFFF


class Header(NamedTuple):
    """A block: where it begins, where its checksum lies, where its texts begin."""

    begin: int
    end: int
    texts: tuple[int, ...]

    @classmethod
    def found(cls, one: bytes, texts: Sequence[str], other: bytes) -> Header | None:
        """That of definitions with these texts; ``other`` are the same with texts of the same
        lengths that differ in every letter.  None where more than a block differs."""
        differ = np.flatnonzero(np.frombuffer(one, np.uint8) != np.frombuffer(other, np.uint8))
        places, rest = [], differ
        for text in texts:
            at = int(rest[0]) if len(rest) else len(one)
            if one[at : at + len(text)] != text.encode():
                return None
            places.append(at)
            rest = rest[rest >= at + len(text)]
        begin = max(one.rfind(signature, 0, places[0]) for signature in SIGNATURES)
        for end in range(int(rest[-1]) - 3, int(rest[0]) + 1) if begin >= 0 and len(rest) else ():
            if all(_sealed(body, begin, end) for body in (one, other)):
                return cls(begin, end, tuple(places))
        return None

    def filled(self, body: bytes, texts: Sequence[str]) -> bytes:
        """The definitions with other texts of the same lengths."""
        made = bytearray(body)
        for at, text in zip(self.texts, texts, strict=True):
            made[at : at + len(text)] = text.encode()
        made[self.end : self.end + 4] = _checksum(bytes(made[self.begin : self.end]))
        return bytes(made)


def lookup3(data: bytes) -> int:
    """Bob Jenkins' hash of 2006, as HDF5 keeps it of its definitions; not of nothing."""
    a = b = c = (0xDEADBEEF + len(data)) & WORD
    words = struct.unpack(f"<{-(-len(data) // 12) * 3}I", data + bytes(-len(data) % 12))
    for i in range(0, len(words) - 3, 3):
        a, b, c = a + words[i] & WORD, b + words[i + 1] & WORD, c + words[i + 2] & WORD
        a, c = a - c & WORD ^ _turned(c, 4), c + b & WORD
        b, a = b - a & WORD ^ _turned(a, 6), a + c & WORD
        c, b = c - b & WORD ^ _turned(b, 8), b + a & WORD
        a, c = a - c & WORD ^ _turned(c, 16), c + b & WORD
        b, a = b - a & WORD ^ _turned(a, 19), a + c & WORD
        c, b = c - b & WORD ^ _turned(b, 4), b + a & WORD
    a, b, c = a + words[-3] & WORD, b + words[-2] & WORD, c + words[-1] & WORD
    c = (c ^ b) - _turned(b, 14) & WORD
    a = (a ^ c) - _turned(c, 11) & WORD
    b = (b ^ a) - _turned(a, 25) & WORD
    c = (c ^ b) - _turned(b, 16) & WORD
    a = (a ^ c) - _turned(c, 4) & WORD
    b = (b ^ a) - _turned(a, 14) & WORD
    return (c ^ b) - _turned(b, 24) & WORD


def _turned(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) & WORD


def _checksum(block: bytes) -> bytes:
    return lookup3(block).to_bytes(4, "little")


def _sealed(body: bytes, begin: int, end: int) -> bool:
    return body[end : end + 4] == _checksum(body[begin:end])
