"""Any file or folder of logged curves, told apart by what it holds."""

from __future__ import annotations

import stat
from pathlib import Path

from ntp_dynamics.curves import formats
from ntp_dynamics.curves.arrays import read_npz
from ntp_dynamics.curves.objects import read_json
from ntp_dynamics.curves.table import Table
from ntp_dynamics.curves.text import read_text
from ntp_dynamics.system.errors import UserError

ARRAYS = (b"PK\x03\x04", b"\x93NUMPY")
NETCDF = (b"\x89HDF", b"CDF\x01", b"CDF\x02", b"CDF\x05")
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PAR1": "Parquet"}
KINDS = "CSV, JSON lines, npz, netCDF, TensorBoard, trackio and wandb offline runs are read"
RECORD = "trajectory.nc"
EVENTS = "*tfevents*"


def read(path: Path) -> list[Table]:
    """The tables of a file, one for each run that it tells apart.  Raises UserError."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        broken = "it is a link to nothing" if path.is_symlink() else "it does not exist"
        raise UserError(str(path), broken, "give a file or a folder that is there") from error
    try:
        if stat.S_ISDIR(mode):
            return _folder(path)
        if not stat.S_ISREG(mode):
            raise UserError(str(path), "it is no regular file", "write what it gives to a file")
        return _file(path)
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise UserError(str(path), f"it cannot be read ({reason})", KINDS) from error
    except MemoryError as error:
        raise UserError(str(path), "it does not fit into memory", "thin it out") from error


def _folder(path: Path) -> list[Table]:
    """A run or runs in a folder: a record of this lab, event files, wandb, trackio."""
    if (path / RECORD).is_file():
        return [formats.netcdf(path / RECORD)]
    if events := sorted(path.rglob(EVENTS)):
        folders = dict.fromkeys(file.parent for file in events)
        return [
            formats.events([file for file in events if file.parent == folder], _run(path, folder))
            for folder in folders
        ]
    if offline := sorted(path.rglob("run-*.wandb")):
        return [formats.wandb(file) for file in offline]
    if len(projects := sorted(path.glob("*.db"))) == 1:
        return formats.trackio(projects[0])
    if projects:
        names = ", ".join(project.name for project in projects)
        raise UserError(str(path), f"it holds several projects: {names}", "give one of them")
    what = "no event files, wandb runs, trackio project or record are in this folder"
    raise UserError(str(path), what, "give the files themselves")


def _run(above: Path, folder: Path) -> str:
    return above.resolve().name if folder == above else folder.relative_to(above).as_posix()


def _file(path: Path) -> list[Table]:
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise UserError(str(path), "it is empty", KINDS)
    if "tfevents" in path.name:
        return [formats.events([path], path.name)]
    if head.startswith(ARRAYS):
        return [read_npz(path)]
    if head.startswith(NETCDF):
        return [formats.netcdf(path)]
    if head.startswith(b":W&B") or path.suffix == ".wandb":
        return [formats.wandb(path)]
    if head.startswith(b"SQLite format 3"):
        return formats.trackio(path)
    for mark, kind in PACKED.items():
        if head.startswith(mark):
            raise UserError(str(path), f"it is a {kind} file", f"unpack it; {KINDS}")
    text = _text(path)
    if text.lstrip()[:1] in ("{", "["):
        return [read_json(text, path.name)]
    return [read_text(text, path.name)]


def _text(path: Path) -> str:
    body = path.read_bytes()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"it is not UTF-8 text (byte {error.start + 1})"
        raise UserError(str(path), what, f"save it as UTF-8; {KINDS}") from error
    if "\0" in text:
        raise UserError(str(path), "it holds zero bytes and is no text", KINDS)
    return text
