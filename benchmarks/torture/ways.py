"""Eight ways in which the files of a record come to harm."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

COUNTS = {
    "a flipped bit": 300,
    "truncated": 200,
    "a zeroed block": 100,
    "two files swapped": 100,
    "a file deleted": 100,
    "a value edited": 100,
    "a row doubled": 50,
    "a file of another run": 50,
}


Rng = np.random.Generator


def renew(sound: Path, job: Path) -> None:
    """A copy with times of its own, in the place of what lies there."""
    os.chmod(job.parent, 0o755)
    shutil.rmtree(job, ignore_errors=True)
    job.unlink(missing_ok=True) if job.is_symlink() or job.is_file() else None
    shutil.copytree(sound, job, copy_function=shutil.copyfile)


def damage(job: Path, kind: str, rng: Rng, sound: Mapping[str, Path]) -> None:
    """Do one thing to one file (or two) of a record."""
    files = sorted(p for p in job.rglob("*") if p.is_file() and p.name != "CLAIM")
    path = files[rng.integers(len(files))]
    WAYS[kind](path, rng, files, sound)


def _flip(path: Path, rng: Rng, *_: Any) -> None:
    body = bytearray(path.read_bytes())
    place = int(rng.integers(8 * len(body)))
    body[place // 8] ^= 1 << place % 8
    path.write_bytes(body)


def _truncate(path: Path, rng: Rng, *_: Any) -> None:
    os.truncate(path, int(rng.integers(path.stat().st_size)))


def _zero(path: Path, rng: Rng, *_: Any) -> None:
    body = bytearray(path.read_bytes())
    size = min(512, len(body))
    start = int(rng.integers(len(body) - size + 1))
    body[start : start + size] = bytes(size)
    path.write_bytes(body)


def _swap(path: Path, rng: Rng, files: list[Path], _: Any) -> None:
    other = files[rng.integers(len(files))]
    while other == path:
        other = files[rng.integers(len(files))]
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def _delete(path: Path, *_: Any) -> None:
    path.unlink()


def _edit(path: Path, rng: Rng, files: list[Path], _: Any) -> None:
    """A number, a word or a key of a JSON or YAML file, which stays one."""
    texts = [p for p in files if p.suffix in (".json", ".jsonl", ".yaml")]
    path = texts[rng.integers(len(texts))]
    lines = path.read_text().splitlines()
    numbered = [i for i, line in enumerate(lines) if ":" in line]
    at = numbered[rng.integers(len(numbered))]
    match rng.integers(3):
        case 0:  # the first digit that is there
            digits = [i for i, c in enumerate(lines[at]) if c.isdecimal()]
            if digits:
                i = digits[rng.integers(len(digits))]
                new = str((int(lines[at][i]) + 1) % 10)
                lines[at] = lines[at][:i] + new + lines[at][i + 1 :]
        case 1:  # another key
            lines[at] = lines[at].replace('"', '"x', 1)
        case _:
            del lines[at]
    path.write_text("\n".join(lines) + "\n")


def _double(path: Path, rng: Rng, *_: Any) -> None:
    body = path.read_bytes()
    rows = body.splitlines(keepends=True) if path.suffix != ".nc" else [body[:512], body[512:]]
    at = int(rng.integers(len(rows)))
    path.write_bytes(b"".join([*rows[: at + 1], *rows[at:]]))


def _foreign(path: Path, rng: Rng, files: list[Path], sound: Mapping[str, Path]) -> None:
    job = next(p for p in path.parents if p.name == "1")
    of = "sealed other" if (job / "MANIFEST.json").exists() else "unsealed other"
    both = [p for p in files if (sound[of] / p.relative_to(job)).is_file()]
    path = both[rng.integers(len(both))]
    shutil.copyfile(sound[of] / path.relative_to(job), path)


WAYS: dict[str, Callable[..., None]] = dict(
    zip(COUNTS, (_flip, _truncate, _zero, _swap, _delete, _edit, _double, _foreign), strict=True)
)
