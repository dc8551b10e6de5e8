"""What vouches for the bytes of a record: size and SHA-256 of its files.

A sealed record has them in its manifest.  Until then its status has those of the files written so
far (`files`), and a digest of itself: its SHA-256 with the digest read as zeros.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

from ntp_dynamics.system.bounded import DAMAGED, TEXT, json_of, opened, read
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.memory import available

STATUS, MANIFEST, TRAJECTORY = "status.json", "MANIFEST.json", "trajectory.nc"
VERDICTS, LOG, CONFIG = "verdicts.json", "log.txt", "config.yaml"
CERTIFICATES = "certificates/continuation.json"
"""What was proved of later steps (`verdict.proved`)."""
REQUIRED = (STATUS, CONFIG, TRAJECTORY)
"""What a manifest names at the least."""
DIGEST = "digest"
BLANK = "0" * 64
MOST = 20_000
"""Files and folders of a record; a real one has a few and its inputs."""
CHECKPOINTS = "checkpoints"
"""The folder of what a job needs to go on: beside its record, and no part of it."""
NOWHERE = {"", ".", ".."}
"""Parts that no name inside a record has: one that begins at the root has an empty one."""
APART = {"figures", CHECKPOINTS}
"""Folders of a record that no reader opens."""

Entry = Mapping[str, Any]
"""Size and SHA-256 of a file."""


def largest() -> int:
    """Bytes of a file that can be read here: a quarter of the memory that is free."""
    return available() // 4


def entry_of(body: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}


def entry_in(file: BufferedReader) -> dict[str, Any]:
    """Of an open file, from its beginning."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "size": os.fstat(file.fileno()).st_size}


def entry_at(path: Path) -> dict[str, Any] | None:
    """Of the file that lies there; None where none lies there that can be read."""
    try:
        with opened(path, 1 << 62) as file:
            return entry_in(file)
    except (OSError, UserError):
        return None


def is_as_told(path: Path, entry: Entry) -> bool:
    """Whether a file has this size, and then these bytes."""
    try:
        right = os.lstat(path).st_size == entry["size"]
    except OSError:
        return False
    return right and entry_at(path) == entry


def dumped(value: Any) -> str:
    """As JSON lies in records: equal values give equal bytes."""
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def encoded(text: str) -> bytes:
    """Half characters as their escapes, which JSON reads back."""
    return text.encode("utf-8", "backslashreplace")


def vouching(status: Mapping[str, Any], files: Mapping[str, Entry]) -> str:
    """The text of a status that vouches for files, and for itself."""
    others = {name: entry for name, entry in files.items() if name != STATUS}
    text = dumped({**status, "files": others, DIGEST: BLANK})
    return text.replace(_line(BLANK), _line(hashlib.sha256(encoded(text)).hexdigest()))


def read_manifest(directory: Path) -> dict[str, Entry] | None:
    """The entries of a manifest; None where there is none.  Raises UserError."""
    path = directory / MANIFEST
    if path.is_dir() and not path.is_symlink():
        return None
    try:
        body = read(path, 16 * TEXT)
    except FileNotFoundError:
        return None
    found = json_of(body, path)
    return _entries(found.get("files") if isinstance(found, dict) else None, path, REQUIRED)


def own_status(directory: Path) -> tuple[dict[str, Any], Entry]:
    """A status, and its size and SHA-256.  Raises UserError, also where its digest is another."""
    path = directory / STATUS
    try:
        body = read(path, 16 * TEXT)
    except FileNotFoundError:
        raise UserError(str(path), "it does not exist", "give a directory with a record") from None
    found = json_of(body, path)
    if not isinstance(found, dict):
        raise UserError(str(path), f"{STATUS} holds no object", DAMAGED)
    digest = found.get(DIGEST)
    if digest is not None:
        blank = body.replace(encoded(_line(str(digest))), _line(BLANK).encode())
        if hashlib.sha256(blank).hexdigest() != digest:
            raise UserError(str(path), f"{STATUS} is not the one that was recorded", DAMAGED)
    return found, entry_of(body)


def told_files(status: Mapping[str, Any], path: Path) -> dict[str, Entry] | None:
    """The files that a status vouches for; None of one of an earlier version, which vouches for
    nothing.  Raises UserError."""
    return _entries(status.get("files"), path) if DIGEST in status else None


def _line(digest: str) -> str:
    """The digest where it stands in a status, and nowhere else: no text holds a line end."""
    return f'\n "{DIGEST}": "{digest}"'


def _entries(found: Any, path: Path, required: tuple[str, ...] = ()) -> dict[str, Entry]:
    """Entries as a file lists them, by names inside the record.  Raises UserError."""
    if not isinstance(found, dict) or len(found) > MOST:
        raise UserError(str(path), "it lists no files", DAMAGED)
    for name, entry in found.items():
        if not NOWHERE.isdisjoint(name.split("/")) or name == MANIFEST or "\0" in name:
            raise UserError(str(path), f"it names {name[:40]!r}, no file of a record", DAMAGED)
        if not isinstance(entry, dict) or {*entry} != {"sha256", "size"}:
            raise UserError(str(path), f"it says nothing of {name[:40]}", DAMAGED)
    for name in required:
        if name not in found:
            raise UserError(str(path), f"its {path.name} does not name {name}", DAMAGED)
    return found


def check_kinds(directory: Path) -> None:
    """See that a record has files and folders only, and not too many.  Raises UserError."""
    count, pending = 0, [directory]
    try:
        while pending:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    count += 1
                    folder = entry.is_dir(follow_symlinks=False)
                    if not folder and not entry.is_file(follow_symlinks=False):
                        link = entry.is_symlink()
                        what = "it is a link; links in a record are not followed"
                        raise UserError(entry.path, what if link else "it is no file", DAMAGED)
                    if count > MOST:
                        what = "it has more files than a record"
                        raise UserError(str(directory), what, "give the directory of a job")
                    if folder and entry.name not in APART:
                        pending.append(Path(entry.path))
    except FileNotFoundError:
        return  # a temporary folder that went; what is missing is told where it is read
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise UserError(str(directory), f"it cannot be read ({reason})", DAMAGED) from error


def not_as_told(directory: Path, files: Mapping[str, Entry], but: str = "") -> Iterator[Path]:
    """The files that are not as they were written."""
    for name, entry in files.items():
        if name != but and not is_as_told(directory / name, entry):
            yield directory / name
