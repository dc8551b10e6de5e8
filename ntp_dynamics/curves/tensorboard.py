"""Scalars of TensorBoard event files, by the ``tensorboard`` library."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from ntp_dynamics.curves.table import Column, Table
from ntp_dynamics.system.errors import UserError

LENGTH = struct.Struct("<Q")
FRAME = 16
"""Bytes around the data of a record: its length, and two checksums."""


def read_events(files: list[Path], run: str) -> Table:
    """The scalars of one run, a file after the other; each tag has its own steps.

    Raises UserError without the library, or without scalars.
    """
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError as error:
        what = "TensorBoard event files are read by the library tensorboard"
        raise UserError(run, what, "pip install 'ntp-dynamics[tensorboard]'") from error
    found: dict[str, tuple[list[int], list[float]]] = {}
    notes = []
    for file in files:
        for event in EventFileLoader(str(file)).Load():
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "scalars":
                    steps, values = found.setdefault(value.tag, ([], []))
                    steps.append(event.step)
                    values.append(float(make_ndarray(value.tensor)))
        if cut_short(file):
            notes.append(f"{file.name} is cut short: what is whole was read")
    if not found:
        reason = "; ".join(["no scalars are in it", *notes])
        raise UserError(run, reason, "log with add_scalar(tag, value, step)")
    columns = {
        tag: Column(np.array(values), np.array(steps, dtype=float))
        for tag, (steps, values) in found.items()
    }
    return Table(run, columns, tuple(notes))


def cut_short(path: Path) -> bool:
    """Whether the file ends within a record."""
    size, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place < size:
            file.seek(place)
            head = file.read(LENGTH.size)
            if len(head) < LENGTH.size:
                return True
            place += FRAME + LENGTH.unpack(head)[0]
    return place > size
