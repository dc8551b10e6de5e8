"""Directories that no job left behind: what a reader meets that opens what it is given.

Each is made of a sound record, twice: with a manifest that is true of it, as one has who forges a
record, and without any, as in records of an earlier version.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import netCDF4
import numpy as np

from tests.sealing import seal

Make = Callable[[Path], object]
CORPUS = "corpora/000.jsonl"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


def every() -> Iterator[tuple[str, Make]]:
    """A name and a maker for each."""
    for name, make in MAKERS.items():
        yield f"{name}, sealed", _made(make, _reseal)
        yield f"{name}, unsealed", _made(make, _open)
    yield from MANIFESTS.items()


def _made(make: Make, end: Make) -> Make:
    def made(job: Path) -> None:
        make(job)
        end(job)

    return made


def _open(job: Path) -> None:
    """As if an earlier version had been interrupted."""
    if (job / "MANIFEST.json").is_file():
        (job / "MANIFEST.json").unlink()
    status = job / "status.json"
    if status.is_file() and status.stat().st_size < 1 << 20:
        try:
            said = json.loads(status.read_text())
        except (ValueError, RecursionError):
            return
        if isinstance(said, dict) and said.get("state") == "done":
            said.pop("digest", None)
            status.write_text(json.dumps({**said, "state": "interrupted"}))


def _reseal(job: Path) -> None:
    """A manifest that is true of what lies there, where the damage is not in the manifest."""
    try:
        names = [*json.loads((job / "MANIFEST.json").read_text())["files"]]
        seal(job, *(name for name in names if (job / name).is_file()))
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return


def _text(name: str, body: str | bytes) -> Make:
    def make(job: Path) -> None:
        (job / name).write_bytes(body.encode() if isinstance(body, str) else body)

    return make


def _no_file(name: str, made: Callable[[Path], object]) -> Make:
    def make(job: Path) -> None:
        (job / name).unlink()
        made(job / name)

    return make


def _sparse(name: str) -> Make:
    return lambda job: os.truncate(job / name, 10**9)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def _entries(change: Callable[[dict[str, object]], object]) -> Make:
    def make(job: Path) -> None:
        path = job / "MANIFEST.json"
        said = json.loads(path.read_text())
        change(said["files"])
        path.write_text(json.dumps(said))

    return make


def _status(**fields: object) -> Make:
    def make(job: Path) -> None:
        path = job / "status.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return make


def _verdicts(change: Callable[[dict[str, object]], object]) -> Make:
    def make(job: Path) -> None:
        path = job / "verdicts.json"
        said = json.loads(path.read_text())
        change(said)
        path.write_text(json.dumps(said))

    return make


def _declares(job: Path, name: str = "trajectory.nc") -> None:
    """Eight kilobytes that say they hold 7.5 gigabytes."""
    with netCDF4.Dataset(job / name, "w") as file:
        group = file.createGroup("attention")
        group.createDimension("run", 2)
        group.createDimension("step", 470_000_000)
        group.createVariable("log_loss", "f8", ("run", "step"), chunksizes=(1, 1_000_000))


def _packed(job: Path) -> None:
    """A megabyte of zeros a thousandth as large."""
    with netCDF4.Dataset(job / "trajectory.nc", "w") as file:
        file.createDimension("run", 2)
        file.createDimension("step", 20_000_000)
        file.createVariable("log_loss", "f8", ("run", "step"), zlib=True)[:] = 0.0


def _words(job: Path) -> None:
    with netCDF4.Dataset(job / "trajectory.nc", "w") as file:
        file.createGroup("attention").createVariable("log_loss", str, ())[...] = "x" * 1000


def _nested(job: Path) -> None:
    with netCDF4.Dataset(job / "trajectory.nc", "w") as file:
        group = file
        for _ in range(60):
            group = group.createGroup("g")


def _runs(job: Path) -> None:
    """A thousand million runs where there are two."""
    path = job / "config.yaml"
    path.write_text(path.read_text().replace("\nruns: 2\n", "\nruns: 1000000000\n"))


def _hanging(job: Path) -> None:
    """Bits of a trajectory flipped where the library follows addresses."""
    body = bytearray((job / "trajectory.nc").read_bytes())
    rng = np.random.default_rng(7)
    for place in rng.integers(0, min(len(body), 12_000), 24):
        body[place] ^= 1 << int(rng.integers(8))
    body[:8] = b"\x89HDF\r\n\x1a\n"
    (job / "trajectory.nc").write_bytes(body)


def _crowded(job: Path) -> None:
    for i in range(25_000):
        (job / "corpora" / f"x{i}").touch()


def _deep(job: Path) -> None:
    for _ in range(400):
        job = job / "d"
        job.mkdir()


def _shallow(job: Path) -> None:
    shutil.rmtree(job / "corpora")
    os.symlink("/etc", job / "corpora")


MAKERS: dict[str, Make] = {
    "YAML alias bomb": _text("config.yaml", BOMB),
    "YAML of 100,000 levels": _text("config.yaml", "[" * 100_000),
    "YAML that builds objects": _text("config.yaml", "!!python/object/apply:os.getcwd []\n"),
    "YAML of a million entries": _text("config.yaml", "[" + "1," * 400_000 + "1]"),
    "a configuration that is a pipe": _no_file("config.yaml", os.mkfifo),
    "a configuration that leads to /etc/passwd": _no_file(
        "config.yaml", lambda path: os.symlink("/etc/passwd", path)
    ),
    "a configuration that is a directory": _no_file("config.yaml", os.mkdir),
    "a configuration that is a socket": _no_file("config.yaml", _socket),
    "a thousand million runs": _runs,
    "a status that is a pipe": _no_file("status.json", os.mkfifo),
    "a status of 100,000 levels": _text("status.json", "[" * 100_000),
    "a status with numbers of other types": _status(
        final=[1],
        labels={"a": {"b": 1}},
        runs={"a": 3, "b": {"kept": "x"}},
        overrides=[1, "a=1"],
        p_contradicted={"a": "x"},
        seconds="soon",
        reason={"a": 1},
        listed=3,
        notes=3,
    ),
    "a status that asks the grammar for much": _status(
        overrides=["a=" + "[" * 3000, "b=" + "1," * 2000]
    ),
    "a trajectory that is a pipe": _no_file("trajectory.nc", os.mkfifo),
    "a trajectory that leads to /dev/zero": _no_file(
        "trajectory.nc", lambda path: os.symlink("/dev/zero", path)
    ),
    "a trajectory of a sparse gigabyte": _sparse("trajectory.nc"),
    "8 kB that say they are 7.5 GB": _declares,
    "zeros packed to a thousandth": _packed,
    "words where numbers belong": _words,
    "groups in groups": _nested,
    "addresses that lead anywhere": _hanging,
    "a corpus that is a pipe": _no_file(CORPUS, os.mkfifo),
    "a corpus of 100,000 levels": _text(CORPUS, "[" * 100_000),
    "a corpus of a sparse gigabyte": _sparse(CORPUS),
    "a corpus of a thousand million tokens": _text(
        CORPUS, '{"tokens": [999999999], "next": 999999998}\n'
    ),
    "verdicts of 100,000 levels": _text("verdicts.json", "[" * 100_000),
    "verdicts with numbers of other types": _verdicts(
        lambda said: said.update(claims=[{"id": 3, "terms": {"covered": [10**9], "law": 1}}] * 3)
    ),
    "laws that say they are 7.5 GB": lambda job: _declares(job, "laws.nc"),
    "25,000 files": _crowded,
    "400 folders in one another": _deep,
    "a folder that leads out": _shallow,
}
MANIFESTS: dict[str, Make] = {
    "a manifest that lists nothing": _text("MANIFEST.json", '{"files": {}}'),
    "a manifest that leads up": _entries(
        lambda files: files.update({"../../secret": {"sha256": "0" * 64, "size": 1}})
    ),
    "a manifest that leads to the root": _entries(
        lambda files: files.update({"/etc/passwd": {"sha256": "0" * 64, "size": 1}})
    ),
    "a manifest without the trajectory": _entries(lambda files: files.pop("trajectory.nc")),
    "a manifest that is a pipe": _no_file("MANIFEST.json", os.mkfifo),
    "a manifest of 100,000 levels": _text("MANIFEST.json", "[" * 100_000),
    "a manifest of a sparse gigabyte": _sparse("MANIFEST.json"),
    "a manifest of other types": _text("MANIFEST.json", '{"files": {"status.json": [1]}}'),
}
