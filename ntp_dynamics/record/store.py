"""Records on disk: written atomically, sealed by a manifest, verified when read.

    config.yaml  status.json  corpora/  trajectory.nc  verdicts.json  [laws.nc]  log.txt
    MANIFEST.json

Two jobs never share a directory: while one is at work there it holds the lock (`system.owner`).
`MANIFEST.json` holds size and SHA-256 of every other file as it was written, that of the last
`status.json` too, which is written after it: a status that says `done` has a manifest.  Formats do
not notice a flipped bit, so reading a sealed record checks it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ntp_dynamics.record.laws import LAWS
from ntp_dynamics.record.trees import HDF5, write_tree
from ntp_dynamics.system.disk import not_written, refusal_of
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import DirectoryLock, unwritable
from ntp_dynamics.system.secrets import redact
from ntp_dynamics.system.stops import undisturbed

if TYPE_CHECKING:
    import xarray

STATUS, MANIFEST, TRAJECTORY = "status.json", "MANIFEST.json", "trajectory.nc"
VERDICTS, LOG = "verdicts.json", "log.txt"
CHECKPOINTS = "checkpoints"
"""The folder of what a job needs to go on: beside its record, and no part of it."""


class RecordWriter:
    """Writes one record.  A context manager: the directory is ours until it ends.

    Raises UserError where the directory holds a record, or another job is at work in it.  With
    ``resume`` what this same job left unfinished gives way, but for its checkpoints.
    """

    def __init__(
        self,
        directory: str | Path,
        status: dict[str, Any],
        overwrite: bool = False,
        resume: bool = False,
    ):
        self.directory = Path(directory)
        self.entries: dict[str, dict[str, Any]] = {}
        """Size and SHA-256 of each file as it was written."""
        self.sealed = False
        make_directory(self.directory)
        self._lock = DirectoryLock(self.directory)
        try:
            if (self.directory / STATUS).exists():
                if not (overwrite or (resume and self._cut_short(status))):
                    raise occupied(self.directory)
                remove_record(self.directory, checkpoints=overwrite)
            self.json(STATUS, status)
        except OSError as error:
            self._lock.release()
            raise unwritable(self.directory, error) from error
        except BaseException:
            self._lock.release()
            raise

    def data(self, name: str, text: str) -> None:
        """Write text as it stands: data that must read back equal, in any environment."""
        body = text.encode("utf-8", "backslashreplace")
        self._write(name, lambda path: path.write_bytes(body), len(body))

    def json(self, name: str, value: Any) -> None:
        """Write JSON as it stands, with sorted keys: equal values give equal bytes.

        Whoever puts a free text into it redacts that text.
        """
        self.data(name, _dump(value))

    def tree(self, name: str, tree: xarray.DataTree) -> None:
        """Write netCDF4 with a checksum on every variable."""
        size = int(sum(node.dataset.nbytes for node in tree.subtree))
        with HDF5:
            self._write(name, lambda path: write_tree(path, tree), size)

    def add(self, name: str, entry: dict[str, Any] | None = None) -> None:
        """Count a file that something else wrote here (a figure, the log) as part of the record;
        ``entry`` is its size and SHA-256 where the writer knows them."""
        self.entries[name] = entry or _entry(self.directory / name)

    def seal(self, status: dict[str, Any], *, last: bool = True) -> None:
        """Compare every file with what was written, write the manifest, then the last status; where
        this is the ``last`` time the directory is ours no longer.

        Raises UserError for a file that is no longer the one that was written.
        """
        with undisturbed():
            self._seal(status)
            self.sealed = True
        if last:
            self._lock.release()

    def _seal(self, status: dict[str, Any]) -> None:
        self._check_place()
        for name, entry in self.entries.items():
            if name != STATUS and _found(self.directory / name) != entry:
                what = "it is no longer what this job wrote"
                remedy = "run the job again, and let nothing else write there"
                raise UserError(str(self.directory / name), what, remedy)
        body = _dump(status).encode("utf-8", "backslashreplace")
        self._manifest(self.entries | {STATUS: _entry_of(body)})
        self._write(STATUS, lambda path: path.write_bytes(body), len(body))

    def reopen(self, *names: str) -> None:
        """Take files that are to change once more out of the manifest of a sealed record, which is
        sound at every moment; sealing again puts them in."""
        self._manifest({name: e for name, e in self.entries.items() if name not in names})

    def _manifest(self, entries: dict[str, dict[str, Any]]) -> None:
        text = _dump({"files": entries})
        self._write(MANIFEST, lambda path: path.write_text(text, encoding="utf-8"), len(text))

    def _cut_short(self, status: dict[str, Any]) -> bool:
        """Whether the job that lies here is this one, and is not done."""
        with suppress(UserError):
            if (self.directory / MANIFEST).exists() and verify(self.directory):
                return False
        try:
            there = read_json(self.directory / STATUS)
        except UserError:
            return True  # damaged since, or of a job that was cut off
        return not isinstance(there, dict) or there.get("identity") == status["identity"]

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _write(self, name: str, write: Callable[[Path], Any], size: int) -> None:
        """``size``: about how many bytes."""
        self._check_place()
        path = self.directory / name
        try:
            if path.parent != self.directory:  # which itself is not made again once it is gone
                path.parent.mkdir(exist_ok=True)
            entry = write_atomically(path, write)
        except RuntimeError as error:  # netCDF's own word, whatever the reason
            raise not_written(path, size, refusal_of(path.parent, size) or error) from error
        except OSError as error:
            raise not_written(path, size, error) from error
        if name != MANIFEST:
            self.entries[name] = entry

    def _check_place(self) -> None:
        """Raises UserError where the directory is no longer there, or no longer ours."""
        if not self._lock.stands:
            what = "it was removed, or taken by another job, while this one ran"
            raise UserError(
                str(self.directory), what, "run the job again in a directory of its own"
            )


def write_atomically(path: Path, write: Callable[[Path], Any]) -> dict[str, Any]:
    """Write to a temporary neighbour, flush it to disk, rename it into place.

    Returns size and SHA-256 of what was written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        entry = _entry(temporary)
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.truncate(temporary, 0)  # HDF5 leaves open what it could not write, and so its room
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return entry


def flush_names(directory: Path) -> None:
    """Flush to disk what a directory lists: a rename may else be lost when the power goes, and what
    was written after it not."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def redact_yaml(path: Path) -> None:
    """Write a file of settings anew where it holds a secret: those that Hydra itself leaves."""
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    if (clean := redact(settings)) != settings:
        text = yaml.safe_dump(clean, sort_keys=False)
        write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def make_directory(directory: Path) -> None:
    """Create a directory and its parents.  Raises UserError."""
    try:
        str(directory).encode()
    except UnicodeEncodeError:
        what = "its name is not UTF-8, as netCDF wants it"
        raise UserError(str(directory), what, "choose another directory") from None
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(directory, error) from error


def occupied(directory: Path) -> UserError:
    """What to say about a directory that holds a record."""
    remedy = "choose another directory or pass overwrite=true"
    return UserError(str(directory), "it already holds a record", remedy)


def remove_record(directory: Path, checkpoints: bool = True) -> None:
    """Remove what a job leaves behind, and nothing else; its status last, which says it is one."""
    for name in (MANIFEST, TRAJECTORY, VERDICTS, LAWS, "config.yaml", LOG):
        (directory / name).unlink(missing_ok=True)
    for name in (MANIFEST, TRAJECTORY, VERDICTS, LAWS, "config.yaml", STATUS):
        for unfinished in directory.glob(f".{name}.*.tmp"):  # of a process that was killed
            unfinished.unlink(missing_ok=True)
    for name in ("corpora", "figures", CHECKPOINTS)[: 3 if checkpoints else 2]:
        shutil.rmtree(directory / name, ignore_errors=True)
    (directory / STATUS).unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Parse a JSON file of a record.  Raises UserError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(str(path), "it does not exist", "give a directory with a record") from None
    except (OSError, ValueError) as error:
        raise UserError(str(path), "it cannot be read", "the record is damaged") from error


def verify(directory: Path) -> bool:
    """Check a record against its manifest.  Raises UserError naming the first bad file.

    False where the job was cut off after it wrote the manifest and before its last status: the
    other files are right, and the status says `running`.
    """
    manifest = read_json(directory / MANIFEST)
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict):
        what = "it lists no files"
        raise UserError(str(directory / MANIFEST), what, "the record is damaged; run the job again")
    bad = [directory / name for name, entry in files.items() if _found(directory / name) != entry]
    if bad == [directory / STATUS] and state_of(directory) == "running":
        return False
    for path in bad:
        what = "it is not the file that was recorded" if path.is_file() else "it is missing"
        raise UserError(str(path), what, "the record is damaged; run the job again")
    return True


def state_of(directory: Path) -> str:
    """What its status says of a job; `unreadable` where it says nothing."""
    try:
        return str(read_json(directory / STATUS)["state"])
    except (UserError, KeyError, TypeError, IndexError):
        return "unreadable"


def _entry(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"sha256": digest, "size": os.fstat(file.fileno()).st_size}


def _entry_of(body: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}


def _found(path: Path) -> dict[str, Any] | None:
    """As `_entry`; None where there is no such file."""
    try:
        return _entry(path) if path.is_file() else None
    except OSError:
        return None


def _dump(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"
