"""A row of the index: what the status file of a job says, whatever it holds.

A job is named in addresses by a hash of its place, never by a path: what is not in the index cannot
be asked for.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from sys import intern
from typing import Any

from ntp_dynamics import studies
from ntp_dynamics.record.plain import text
from ntp_dynamics.record.plan import Planned, short_name
from ntp_dynamics.record.record import beside
from ntp_dynamics.record.status import told
from ntp_dynamics.verdict.label import Label, Seen

Stamp = tuple[int, int]


@dataclass(frozen=True)
class Listed:
    """How tables list what a job found: its claims in order, which of its final observables they
    open with, in order, and which are natural logs.  Jobs that say the same share it."""

    claims: tuple[str, ...] = ()
    ranked: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One row.  ``labels`` are those of the job alone; ``Index.labels`` corrects for the sweep.

    ``seen``: of claims that do not cover it, what is observed in a word (`Seen`); ``beside``: that
    in full, and labels of shadows, by the names of their columns.  Neither is a verdict.
    """

    id: str
    path: Path
    folder: str
    name: str
    state: str
    reason: str
    seconds: float | None
    overrides: Mapping[str, str]
    final: Mapping[str, float]
    labels: Mapping[str, str]
    p_contradicted: Mapping[str, float]
    study: str = studies.DEFAULT
    listed: Listed = Listed()
    identity: str = ""
    stamp: Stamp = (0, 0)
    seen: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)

    def mark(self, claim: str) -> str | None:
        """What pages draw of a claim: its label, or what is observed where it does not apply."""
        label = self.labels.get(claim)
        seen = Seen.known(self.seen.get(claim)) if label == Label.does_not_apply else None
        return label if seen is None else seen.mark

    @property
    def place(self) -> str:
        """Where it lies below the root, for people."""
        return self.name if self.folder == "." else f"{self.folder}/{self.name}"


def name_of(root: Path, directory: Path) -> str:
    """The name of a job in addresses: twelve digits of a hash of its place below the root."""
    place = os.fsencode(directory.relative_to(root).as_posix())
    return hashlib.sha256(place).hexdigest()[:12]


def read_row(root: Path, directory: Path, stamp: Stamp) -> Job:
    """The row of a directory with a status file.  Raises nothing that a file could cause."""
    blank = _blank(root, directory, stamp)
    status = told(directory)
    state, reason = text(status["state"]), text(status.get("reason") or "")
    if state == "unreadable":
        return replace(blank, reason=reason)
    p_contradicted = _numbers(status.get("p_contradicted"))
    return interned(
        replace(
            blank,
            state=state,
            reason=reason,
            seconds=_number(status.get("seconds")),
            overrides=_overrides(status.get("overrides")),
            final=_numbers(status.get("final")),
            labels={
                text(claim): _label(label, text(claim) in p_contradicted)
                for claim, label in _items(status.get("labels"))
            },
            p_contradicted=p_contradicted,
            study=text(status.get("study", studies.DEFAULT)),
            listed=_listed(status.get("listed")),
            identity=text(status.get("identity") or ""),
            seen={text(claim): text(x["word"]) for claim, x in _items(status["observed"])},
            beside={text(key): text(said) for key, said in beside(status).items()},
        )
    )


def planned_row(root: Path, sweep: Path, job: Planned, stamp: Stamp) -> Job:
    """The row of a job of a plan that has not begun; ``stamp`` is that of the plan."""
    blank = _blank(root, sweep / job.directory, stamp)
    own = {"identity": text(job.identity), "overrides": _overrides(job.overrides)}
    return interned(replace(blank, state="planned", **own))


def _blank(root: Path, directory: Path, stamp: Stamp) -> Job:
    place = directory.relative_to(root)
    return Job(
        id=name_of(root, directory),
        path=directory,
        folder=text(place.parent.as_posix()),
        name=text(short_name(place.name) or directory.absolute().name),
        state="unreadable",
        reason="",
        seconds=None,
        overrides={},
        final={},
        labels={},
        p_contradicted={},
        stamp=stamp,
    )


def _overrides(value: Any) -> dict[str, str]:
    given = value if isinstance(value, list | tuple) else ()
    pairs = [text(o).lstrip("+~").partition("=") for o in given if isinstance(o, str)]
    return {key: value for key, _, value in pairs}


def _listed(value: Any) -> Listed:
    told = value if isinstance(value, dict) else {}
    lists = (told.get(name) for name in ("claims", "ranked", "logs"))
    return shared(*(tuple(map(text, x[:500])) if isinstance(x, list) else () for x in lists))


@cache
def shared(*lists: tuple[str, ...]) -> Listed:
    """The same object for the same lists."""
    return Listed(*lists)


def interned(job: Job) -> Job:
    """Ten thousand jobs share the names of keys and labels."""
    return replace(
        job,
        state=intern(job.state),
        folder=intern(job.folder),
        study=intern(job.study),
        overrides={intern(k): intern(v) for k, v in job.overrides.items()},
        final={intern(k): v for k, v in job.final.items()},
        labels={intern(k): intern(v) for k, v in job.labels.items()},
        p_contradicted={intern(k): v for k, v in job.p_contradicted.items()},
        seen={intern(k): intern(v) for k, v in job.seen.items()},
        beside={intern(k): v for k, v in job.beside.items()},
    )


def _label(label: Any, has_p: bool) -> str:
    """A label of the eight; a contradiction without its p-value is no finding of the judge."""
    known = Label.known(label)
    told = known is not None and (has_p or known is not Label.contradicted)
    return str(known if told else Label.invalid)


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(str(k), v) for k, v in value.items()][:500] if isinstance(value, dict) else []


def _numbers(value: Any) -> dict[str, float]:
    numbers = {text(key): _number(item) for key, item in _items(value)}
    return {key: number for key, number in numbers.items() if number is not None}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
