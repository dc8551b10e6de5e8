"""What is compared: record bytes, and the ledger of a sweep."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ntp_dynamics as ntp
from ntp_dynamics.record.status import told
from ntp_dynamics.record.store import LOG, MANIFEST, STATUS
from ntp_dynamics.record.sweep import checked

APART = {LOG, STATUS, MANIFEST, "config.yaml"}
"""They hold times, names and settings that change no number."""
Bytes = Mapping[str, str]


def record_bytes(job: Path) -> Bytes:
    """Hashes of the files of a sealed record that equal jobs have equal."""
    names = json.loads((job / MANIFEST).read_text())["files"]
    return {n: _hash(job / n) for n in sorted(names) if n not in APART and "figures" not in n}


def jobs_of(sweep: Path) -> list[Path]:
    """The directories of jobs below a sweep."""
    return sorted(path.parent for path in sweep.rglob(STATUS))


def sweep_bytes(sweep: Path) -> dict[str, Bytes]:
    """Record bytes of the jobs that are done, by their identity."""
    done = (job for job in jobs_of(sweep) if (job / MANIFEST).exists())
    return {str(told(job).get("identity")): record_bytes(job) for job in done}


@dataclass(frozen=True)
class Ledger:
    """How the jobs of a sweep came out against those that they should be."""

    done: int
    lost: int
    doubled: int
    wrong: int

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    @classmethod
    def of(cls, sweep: Path, expected: Mapping[str, Bytes]) -> Ledger:
        """``expected``: those of an uninterrupted sweep."""
        found = Counter(str(told(job).get("identity")) for job in jobs_of(sweep))
        states = {told(job)["state"] for job in jobs_of(sweep)}
        bytes_ = sweep_bytes(sweep)
        wrong = sum(bytes_.get(key) != expected[key] for key in expected if key in found)
        wrong += bool(states - {"done"})
        lost = sum(key not in found for key in expected)
        doubled = sum(n - 1 for n in found.values()) + len(found.keys() - expected.keys())
        return cls(len(bytes_), lost, doubled, wrong)


def false_claims(job: Path, expected: Bytes) -> list[str]:
    """What a reader would be told of a job that was cut short and is not so: a record that opens as
    done and holds other bytes.  Nothing where readers refuse it, or say that it is not done."""
    if not (job / STATUS).exists():
        return []
    wrong = []
    state = checked(job, told(job))["state"]  # as tables show it
    if state != "done" and not (job / MANIFEST).exists():
        return []
    try:
        status = ntp.load_run(job).status["state"]
    except ntp.UserError:
        status = "refused"
    for who, said in (("status", state), ("load_run", status)):
        if said == "done" and record_bytes(job) != expected:
            wrong.append(f"{job.name}: {who} says done")
    return wrong


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
