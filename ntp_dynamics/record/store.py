"""Records on disk: written atomically, sealed by a manifest, verified when read.

    config.yaml  status.json  corpora/  trajectory.nc  verdicts.json  [laws.nc]  [certificates/]
    log.txt  MANIFEST.json

Two jobs never share a directory: while one is at work there it holds the lock (`system.owner`).
`MANIFEST.json` holds size and SHA-256 of every other file as it was written, that of the last
`status.json` too, which is written after it: a status that says `done` has a manifest.  Until then
the status itself vouches for what was written so far (`record.entries`).  Formats do not notice a
flipped bit, so reading a record checks it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ntp_dynamics.record.atomic import entry_of_file, write_atomically, written
from ntp_dynamics.record.definition import Definition, definition
from ntp_dynamics.record.entries import (
    CHECKPOINTS,
    CONFIG,
    LOG,
    MANIFEST,
    STATUS,
    TRAJECTORY,
    VERDICTS,
    dumped,
    encoded,
    entry_of,
    not_as_told,
    own_status,
    read_manifest,
    vouching,
)
from ntp_dynamics.record.laws import LAWS
from ntp_dynamics.record.trees import check_tree, known_file, size_of, write_tree
from ntp_dynamics.system.bounded import DAMAGED, TEXT, json_of, read
from ntp_dynamics.system.disk import not_written, refusal_of
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.hdf5 import HDF5
from ntp_dynamics.system.owner import DirectoryLock, unwritable
from ntp_dynamics.system.secrets import redact
from ntp_dynamics.system.stops import undisturbed

if TYPE_CHECKING:
    import xarray

SPARE = 1 << 20
"""Bytes that must be free beyond what is written for a disk not to be taken as full."""


class RecordWriter:
    """Writes one record.  A context manager: the directory is ours until it ends.

    Raises UserError where the directory holds a record, or another job is at work in it.  With
    ``resume`` what this same job left unfinished gives way, but for its checkpoints.  ``together``:
    whoever drives many jobs flushes what is `unflushed` before this one is sealed.
    """

    def __init__(
        self,
        directory: str | Path,
        status: dict[str, Any],
        overwrite: bool = False,
        resume: bool = False,
        together: bool = False,
    ):
        self._together = together
        self.directory = Path(directory)
        self.entries: dict[str, dict[str, Any]] = {}
        """Size and SHA-256 of each file as it was written."""
        self.sealed = False
        self._unread: set[str] = set()
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
        self._put(name, encoded(text))

    def json(self, name: str, value: Any) -> None:
        """Write JSON as it stands, with sorted keys: equal values give equal bytes.  A status
        vouches for the files written so far.

        Whoever puts a free text into it redacts that text.
        """
        self.data(name, vouching(value, self.entries) if name == STATUS else dumped(value))

    def tree(self, name: str, tree: xarray.DataTree) -> None:
        """Write netCDF4 with a checksum on every variable."""
        self.numbers(name, definition(tree))

    def numbers(self, name: str, made: Definition) -> None:
        """The same, of what is defined already."""
        with HDF5:
            known = known_file(made)
            if known is None:
                self._write(name, lambda path: write_tree(path, made), size_of(made))
                self._unread.add(name)
            else:
                self._put(name, known)

    def read_trees(self) -> None:
        """Read every number that the library has written, and its checksum.  Raises UserError."""
        while self._unread:
            check_tree(self.directory / self._unread.pop())

    def add(self, name: str, entry: dict[str, Any] | None = None) -> None:
        """Count a file that something else wrote here (a figure, the log) as part of the record;
        ``entry`` is its size and SHA-256 where the writer knows them."""
        self.entries[name] = entry or entry_of_file(self.directory / name)

    @property
    def unflushed(self) -> list[Path]:
        """The files that must be on the disk before a manifest may list them."""
        return [self.directory / name for name in self.entries] if self._together else []

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
        body = encoded(dumped(status))
        self._manifest(self.entries | {STATUS: entry_of(body)})
        self._put(STATUS, body)

    def reopen(self, *names: str) -> None:
        """Take files that are to change once more out of the manifest of a sealed record, which is
        sound at every moment; sealing again puts them in.  The status stays in it."""
        self._manifest({name: e for name, e in self.entries.items() if name not in names})

    def _manifest(self, entries: dict[str, dict[str, Any]]) -> None:
        self._put(MANIFEST, encoded(dumped({"files": entries})))

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

    def _put(self, name: str, body: bytes) -> None:
        self._write(name, lambda path: written(path, body), len(body))

    def _write(self, name: str, write: Callable[[Path], dict[str, Any] | None], size: int) -> None:
        """As `write_atomically`; ``size``: about how many bytes."""
        self._check_place()
        path = self.directory / name
        try:
            if path.parent != self.directory:  # which itself is not made again once it is gone
                path.parent.mkdir(exist_ok=True)
            entry = write_atomically(path, write, flush=not self._together)
        except (OSError, RuntimeError) as error:  # netCDF has other words for what the system says
            why = refusal_of(path.parent, 2 * size + SPARE)
            raise not_written(path, size, why or error) from error
        if name != MANIFEST:
            self.entries[name] = entry

    def _check_place(self) -> None:
        """Raises UserError where the directory is no longer there, or no longer ours."""
        if not self._lock.stands:
            what = "it was removed, or taken by another job, while this one ran"
            raise UserError(
                str(self.directory), what, "run the job again in a directory of its own"
            )


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
    for name in (MANIFEST, TRAJECTORY, VERDICTS, LAWS, CONFIG, LOG):
        (directory / name).unlink(missing_ok=True)
    for name in (MANIFEST, TRAJECTORY, VERDICTS, LAWS, CONFIG, STATUS):
        for unfinished in directory.glob(f".{name}.*.tmp"):  # of a process that was killed
            unfinished.unlink(missing_ok=True)
    for name in ("corpora", "certificates", "figures", *[CHECKPOINTS] * checkpoints):
        shutil.rmtree(directory / name, ignore_errors=True)
    (directory / STATUS).unlink(missing_ok=True)


def read_json(path: Path, largest: int = 256 * TEXT) -> Any:
    """Parse a JSON file of a record.  Raises UserError."""
    try:
        return json_of(read(path, largest), path)
    except FileNotFoundError:
        raise UserError(str(path), "it does not exist", "give a directory with a record") from None


def verify(directory: Path, but: str = "") -> bool:
    """Check a record against its manifest, one file left out where that is looked at when it is
    read.  Raises UserError naming the first bad file.

    False where the job was cut off after it wrote the manifest and before its last status: the
    other files are right, and the status says `running`.
    """
    files = read_manifest(directory)
    if files is None:
        raise UserError(str(directory / MANIFEST), "it does not exist", DAMAGED)
    bad = list(not_as_told(directory, files, but))
    if bad == [directory / STATUS] and state_of(directory) == "running":
        return False
    for path in bad:
        raise changed(path)
    return True


def changed(path: Path) -> UserError:
    """What to say of a file that is not as it was written."""
    what = "it is not the file that was recorded" if path.exists() else "it is missing"
    return UserError(str(path), what, DAMAGED)


def state_of(directory: Path) -> str:
    """What its status says of a job; `unreadable` where it says nothing."""
    try:
        return str(own_status(directory)[0]["state"])
    except (UserError, KeyError):
        return "unreadable"


def _found(path: Path) -> dict[str, Any] | None:
    """As `entry_of_file`; None where there is no such file."""
    try:
        return entry_of_file(path) if path.is_file() else None
    except OSError:
        return None
