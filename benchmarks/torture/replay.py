"""A disk that forgets: what a directory may look like after a power cut.

From the log of the calls that changed a directory it is rebuilt as a disk may have kept it: a file
holds what it held when it was last flushed, and what was written since is lost, kept in part, or
zeros; a call that changed names (create, rename, unlink, mkdir) is kept for sure only if its
directory was flushed, and in order, or not, as the file system has it.
"""

from __future__ import annotations

import random
import shutil
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.torture.shim import Kind

HEAD = struct.Struct("7q")
NAMES = Kind.OPEN | Kind.RENAME | Kind.MKDIR | Kind.UNLINK


class Call(NamedTuple):
    """A call as it was logged."""

    kind: Kind
    path: str
    other: str
    offset: int
    inode: int
    data: bytes


def read_log(path: Path) -> list[Call]:
    """The calls in their order."""
    body, calls, at = path.read_bytes(), [], 0
    while at < len(body):
        kind, long, longer, offset, inode, _, stored = HEAD.unpack_from(body, at)
        at += HEAD.size
        parts = []
        for length in (long, longer, stored):
            parts.append(body[at : at + length])
            at += length
        path_, other = (part.decode() for part in parts[:2])
        calls.append(Call(Kind(kind), path_, other, offset, inode, parts[2]))
    return calls


@dataclass
class File:
    """What is written to a file, and what of it was flushed."""

    now: bytearray = field(default_factory=bytearray)
    flushed: bytes = b""

    def write(self, offset: int, data: bytes) -> None:
        if len(self.now) < offset:
            self.now.extend(bytes(offset - len(self.now)))
        self.now[offset : offset + len(data)] = data

    def truncate(self, size: int) -> None:
        del self.now[size:]
        self.now.extend(bytes(size - len(self.now)))

    def kept(self, way: str) -> bytes:
        """After the cut: what was not flushed is `lost`, `zeros`, `half` or `whole`."""
        if way == "whole" or self.now == self.flushed:
            return bytes(self.now)
        if way == "zeros":
            return self.flushed[: len(self.now)].ljust(len(self.now), b"\0")
        if way == "half":
            return bytes(self.now[: (len(self.flushed) + len(self.now)) // 2])
        return self.flushed


@dataclass(frozen=True)
class Change:
    """A call that changes names; ``sure`` once the disk has it whatever happens."""

    call: Call
    file: File | None
    sure: bool = False


class Disk:
    """Follows the calls."""

    def __init__(self) -> None:
        self.files: dict[int, File] = {}
        self.changes: list[Change] = []

    def follow(self, call: Call) -> None:
        """One more call."""
        kind, file = call.kind, self.files.get(call.inode)
        if kind == Kind.OPEN:
            self.files[call.inode] = file = File()
            self.changes.append(Change(call, file))
        elif kind & NAMES:
            self.changes.append(Change(call, file))
        elif kind == Kind.SYNC:  # of everything
            self.changes = [Change(c.call, c.file, True) for c in self.changes]
            for each in self.files.values():
                each.flushed = bytes(each.now)
        elif kind == Kind.FSYNC and file is None:  # of a directory
            self.changes = [
                Change(c.call, c.file, c.sure or _parent_is(c.call, call.path))
                for c in self.changes
            ]
        elif file is not None:
            if kind == Kind.WRITE:
                file.write(call.offset, call.data)
            elif kind == Kind.TRUNCATE:
                file.truncate(call.offset)
            elif kind == Kind.FSYNC:
                file.flushed = bytes(file.now)

    def tree(self, kept: Sequence[bool], way: str) -> dict[str, bytes | None]:
        """What lies where, of the changes that are ``kept``; None for a directory."""
        names: dict[str, File | None] = {}
        for change, there in zip(self.changes, kept, strict=True):
            if not (there or change.sure):
                continue
            call = change.call
            if call.kind == Kind.RENAME:
                names.pop(call.path, None)
                names[call.other] = change.file
            elif call.kind == Kind.UNLINK:
                names.pop(call.path, None)
            else:
                names[call.path] = change.file
        found = {path: file and file.kept(way) for path, file in names.items()}
        folders = {path for path, body in found.items() if body is None}
        top = min(folders, key=len, default="")
        return {p: b for p, b in found.items() if _ancestors(p, top) <= folders}


def _ancestors(path: str, top: str) -> set[str]:
    """The folders that must be there, from the top on."""
    return {str(p) for p in Path(path).parents if len(str(p)) >= len(top)}


def _parent_is(call: Call, folder: str) -> bool:
    return str(Path(call.other or call.path).parent) == folder


def cuts(disk: Disk, last: Call, rng: random.Random) -> Iterator[tuple[str, str, list[bool]]]:
    """Ways in which a power cut after a call may leave it, at most 13: by what kind of file system,
    what becomes of data, and which changes of names are kept."""
    n = len(disk.changes)
    for way in ("lost", "zeros", "half"):
        yield "in order", way, [True] * n
    if last.kind == Kind.WRITE:
        return  # the names are those after the call before
    for back in (1, 2, 3, 5):
        yield "in order", "lost", [i < n - back for i in range(n)]
    first = next((i for i, c in enumerate(disk.changes) if c.call.kind == Kind.OPEN), n)
    for back in (1, 2, 4):
        yield "in any order", "whole", [i < first or i != n - back for i in range(n)]
    for share in (0.9, 0.7, 0.4):
        yield "in any order", "whole", [i < first or rng.random() < share for i in range(n)]


def lay_out(tree: dict[str, bytes | None], origin: str, place: Path) -> None:
    """Write a tree that lay at ``origin`` to ``place``."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for path in sorted(tree, key=len):
        here, body = place / Path(path).relative_to(origin), tree[path]
        if body is None:
            here.mkdir(exist_ok=True)
        else:
            here.write_bytes(body)
