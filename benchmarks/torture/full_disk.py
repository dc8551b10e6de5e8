"""R7: the disk is full, at forty levels; then there is room again."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.torture.experiment import Counts, Experiment, Workshop, one_line
from benchmarks.torture.jobs import TINY, again, start, whole_job
from benchmarks.torture.records import Bytes, false_claims, record_bytes
from benchmarks.torture.shim import Count, Kind, Suffer, What
from ntp_dynamics.record.status import told

ROOM = 1 << 26
"""Bytes of the disk once there is room."""


def run(workshop: Workshop) -> Counts:
    """Disks of 16 kB to 4 MB where one may be mounted; and, anywhere, calls that answer ENOSPC from
    the n-th on."""
    expected = whole_job(workshop, *TINY)[1]
    total = Counts()
    if may_mount(workshop):
        sizes = np.geomspace(1 << 14, 1 << 22, 40).astype(int) // 4096 * 4096
        sizes = workshop.points(sizes.tolist(), 6)
        total.add(workshop.spread(partial(_disk, expected=expected), sizes))
    seen = Count()
    place = workshop.fresh("counted")
    start(workshop, place, TINY, Suffer(place, kinds=Kind.WRITE, seen=seen)).wait()
    calls = workshop.points(np.linspace(1, seen.value, 40).astype(int).tolist(), 4)
    total.add(workshop.spread(partial(_calls, expected=expected), calls))
    return total


def may_mount(workshop: Workshop) -> bool:
    """Whether this user may."""
    try:
        with disk_of(workshop.fresh("mounted"), 1 << 16):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def disk_of(place: Path, size: int) -> Iterator[None]:
    """A disk in memory at a place, of so many bytes."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _disk(workshop: Workshop, size: int, expected: Bytes) -> Counts:
    place, counts = workshop.fresh("disk"), Counts()
    counts.tried["a disk of a size"] += 1
    with disk_of(place, size):
        counts.faults += _full(workshop, place, expected, counts, None, f"{size:,} bytes")
        remount = ["mount", "-o", f"remount,size={ROOM}", str(place)]
        subprocess.run(remount, check=True)
        counts.faults += _go_on(workshop, place, expected, f"{size:,} bytes")
    return counts


def _calls(workshop: Workshop, n: int, expected: Bytes) -> Counts:
    place, counts = workshop.fresh("calls"), Counts()
    counts.tried["no room from a call on"] += 1
    suffer = Suffer(place, n, What.FAIL, to=-1, kinds=Kind.WRITE, error=errno.ENOSPC)
    counts.faults += _full(workshop, place, expected, counts, suffer, f"from write {n} on")
    counts.faults += _go_on(workshop, place, expected, f"from write {n} on")
    return counts


def _full(
    workshop: Workshop,
    place: Path,
    expected: Bytes,
    counts: Counts,
    suffer: Suffer | None,
    where: str,
) -> list[str]:
    """What a job does wrong where the room ends."""
    lost = Count()
    done = start(workshop, place, TINY, suffer, then=lambda: _tell_lost(place, lost)).wait()
    if done.code == 0:
        counts.came_out["there was room"] += 1
        good = told(place / "job")["state"] == "done" and record_bytes(place / "job") == expected
        return [] if good else [f"{where}: exit 0, and the record is not whole"]
    faults = false_claims(place / "job", expected)
    said = one_line(done.error_lines)
    if said or done.code != 2:
        faults.append(f"exit {done.code}: {said or done.err}")
    elif not any(word in done.err for word in ("no space", "are free", "full")):
        faults.append(f"it does not say that the disk is full: {done.err.strip()}")
    state = told(place / "job")["state"] if (place / "job/status.json").exists() else "nothing"
    counts.came_out[f"one line, then the status says {state}"] += 1
    if state in ("running", "done"):
        faults.append(f"the status says {state}")
    left = [p.name for p in place.rglob("*.tmp")]
    if left:
        faults.append(f"left behind: {left}")
    if lost.value > 0:
        faults.append(f"{lost.value:,} bytes of removed files are not given back")
    return [f"{where}: {fault}" for fault in faults]


def _tell_lost(place: Path, lost: Count) -> None:
    """Bytes of files that were removed and that this process still holds open."""
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            target = os.readlink(link)
            if target.startswith(str(place)) and target.endswith("(deleted)"):
                lost.cell.value += link.stat().st_blocks * 512


def _go_on(workshop: Workshop, place: Path, expected: Bytes, where: str) -> list[str]:
    """What is wrong once there is room and the command is given again."""
    if (place / "job/MANIFEST.json").exists() and record_bytes(place / "job") == expected:
        return []
    done = again(workshop, place, TINY)
    if done.code or record_bytes(place / "job") != expected:
        return [f"{where}, then room: exit {done.code}: {done.err.strip()[-250:]}"]
    return []


FULL_DISK = Experiment(
    "full_disk",
    "R7",
    "the disk is full at forty levels (small disks in memory; ENOSPC from the n-th write on), then "
    "has room",
    "one line, never a silent success, no `done` and no `running` left in a status, no temporary "
    "file; with room the same command leaves the bytes of the uninterrupted one",
    run,
)
