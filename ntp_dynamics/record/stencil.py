"""A netCDF4 file as a stencil: of jobs with equal definitions only numbers differ.

The library takes tens of milliseconds for the definitions of a record, which are the same for every
job of a shape.  With checksums and without compression it stores a variable as its bytes and four
more; a stencil holds what lies between, found in a file of random numbers, and is used only where
it gives, byte for byte, the files that the library has written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt64

from ntp_dynamics.record.definition import DefinedGroup, Definition
from ntp_dynamics.record.header import Header

MOST = 64
"""Stencils that are kept, some 200 kB each."""
LARGEST = 1 << 25
"""Bytes of numbers; the library cuts larger variables into pieces, and is busy with them anyway."""

Key = tuple[DefinedGroup, ...]


class Stencil(NamedTuple):
    """What lies before, between and after the variables; ``header``: where the first of these
    pieces says texts of its own."""

    pieces: Sequence[bytes]
    header: Header | None

    @classmethod
    def of(cls, made: Definition, body: bytes, random: Definition, other: bytes) -> Stencil | None:
        """That of a file, from another like it whose numbers are like no other bytes of it, and
        whose texts differ in every letter; None where files store them otherwise."""
        places, begin = [], 0
        for array in random.values:
            stored = _stored(array)
            at = other.find(stored, begin) if array.size else -1
            if at < 0:
                return None
            places.append((at, begin))
            begin = at + len(stored)
        pieces = [body[begin:at] for at, begin in places] + [body[begin:]]
        header = None
        if made.texts:
            header = Header.found(pieces[0], made.texts, other[: len(pieces[0])])
            if header is None:
                return None
        found = cls(pieces, header)
        right = found.filled(made) == body and found.filled(random) == other
        return found if right else None

    def filled(self, made: Definition) -> bytes:
        """The file with other numbers and texts."""
        first = self.pieces[0]
        parts = [first if self.header is None else self.header.filled(first, made.texts)]
        for array, piece in zip(made.values, self.pieces[1:], strict=True):
            parts += [_stored(array), piece]
        return b"".join(parts)


class Stencils:
    """Those of one process.  A definition that is met for the second time is learned."""

    def __init__(self) -> None:
        self._met: dict[Key, int] = {}
        self._known: dict[Key, Stencil] = {}

    def filled(self, made: Definition) -> bytes | None:
        """The file; None where the library is to write it."""
        try:
            found = self._known.get(made.shape)
        except TypeError:  # an attribute is an array
            return None
        return None if found is None else found.filled(made)

    def due(self, made: Definition) -> bool:
        """Note that the library has written a file, and whether it is time to learn it."""
        try:
            times = self._met[made.shape] = self._met.get(made.shape, 0) + 1
        except TypeError:
            return False
        if len(self._met) > MOST:
            self._met.clear()
            self._known.clear()
        return times == 2 and made.nbytes <= LARGEST

    def learn(self, made: Definition, body: bytes, write: Callable[[Definition], bytes]) -> None:
        """From the file that the library wrote; ``write`` has it write another."""
        texts = ["".join("01"[letter == "0"] for letter in text) for text in made.texts]
        random = Definition(made.with_texts(texts), _random_like(made.values))
        found = Stencil.of(made, body, random, write(random))
        if found is not None:
            self._known[made.shape] = found


def fletcher32(data: bytes) -> int:
    """The checksum that HDF5 keeps: sums modulo 65535 of its 16-bit words, the first byte the high
    one, and of these sums.  Only of zeros is it zero."""
    words = np.frombuffer(data + b"\0" * (len(data) % 2), ">u2").astype(np.uint64)
    sums = int(words.sum()), int(words @ _weights(len(words)))
    low, high = ((s - 1) % 65535 + 1 if s else 0 for s in sums)
    return high << 16 | low


@lru_cache(maxsize=16)
def _weights(count: int) -> UInt64[np.ndarray, " n"]:
    """How often each word is in the sum of sums."""
    return np.arange(count, 0, -1, dtype=np.uint64)


def _stored(array: np.ndarray) -> bytes:
    """A variable as it lies in the file."""
    data = array.tobytes()
    return data + fletcher32(data).to_bytes(4, "little")


def _random_like(values: Sequence[np.ndarray]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.frombuffer(rng.bytes(x.nbytes), x.dtype).reshape(x.shape) for x in values]
