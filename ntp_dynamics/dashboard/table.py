"""Filtering, sorting and choosing columns of a table of jobs.

A filter is words with spaces between them, all of which must hold: ``key=value``, ``key!=value``,
``key<1e-3`` (and ``>``, ``<=``, ``>=``), or a bare word that some override, the state or the name
contains.  A key is an override, a final observable, a claim (then the value is a label; with
`.observed` or `.shadow` behind it, what stands beside), `state`, `name`, or the unmistakable end of
one: `optimal` for `dataset.optimal`.
"""

from __future__ import annotations

import csv
import io
import operator
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ntp_dynamics.dashboard.index import Folder
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.record.plain import text

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
OWN = ("state", "name", "seconds", "reason")
PAGE = 50
"""Rows of a table page."""
USUAL = 3
"""Final observables that a table opens with."""


@dataclass(frozen=True)
class Term:
    """One word of a filter; a bare word has no key."""

    key: str
    test: str
    value: str


def parse_filter(words: str, keys: Sequence[str]) -> list[Term]:
    """The terms of a filter; a key may be the end of exactly one of the keys."""
    try:
        parts = shlex.split(words)
    except ValueError:  # a quotation that is still being typed
        parts = words.replace('"', " ").replace("'", " ").split()
    terms = []
    for part in parts:
        found = re.match(r"^([^<>=!]+)(<=|>=|!=|=|<|>)(.*)$", part)
        if found:
            terms.append(Term(_full(found[1], keys), found[2], found[3]))
        else:
            terms.append(Term("", "", part.lower()))
    return terms


def keys_of(folder: Folder) -> list[str]:
    """Everything that a filter can speak of."""
    return [*OWN, *folder.overrides, *folder.observables, *folder.claims, *folder.beside]


def value(job: Job, key: str) -> str | float | None:
    """What a job has under a key."""
    if key in job.overrides:
        return job.overrides[key]
    if key in job.labels:
        return job.labels[key]
    if key in job.final:
        return job.final[key]
    if key in job.beside:
        return job.beside[key]
    return getattr(job, key) if key in OWN else None


def matches(job: Job, terms: Iterable[Term]) -> bool:
    """Whether a job meets every term."""
    return all(_meets(job, term) for term in terms)


def order(jobs: Sequence[Job], key: str, falling: bool) -> list[Job]:
    """Jobs by a value: numbers before words, missing values last."""
    known = [(rank(v), job) for job in jobs if (v := value(job, key)) not in (None, "")]
    known.sort(key=lambda pair: pair[0], reverse=falling)
    sorted_jobs = [job for _, job in known]
    kept = {job.id for job in sorted_jobs}
    return sorted_jobs + [job for job in jobs if job.id not in kept]


def columns(folder: Folder) -> list[dict[str, str]]:
    """The columns a table of the folder can have; those that it opens with are marked."""
    swept, usual = folder.swept, usual_finals(folder)
    finals = [*usual, *(name for name in folder.observables if name not in usual)]
    return [
        *({"key": k, "kind": "override", "usual": "yes" * (k in swept)} for k in folder.overrides),
        *({"key": k, "kind": "final", "usual": "yes" * (k in usual)} for k in finals),
        *({"key": k, "kind": "claim", "usual": "yes"} for k in folder.claims),
        *({"key": k, "kind": "beside", "usual": ""} for k in folder.beside),
        {"key": "seconds", "kind": "seconds", "usual": ""},
    ]


def usual_finals(folder: Folder, most: int = USUAL) -> list[str]:
    """Final observables that a table opens with: what a job returns, then ranked ones."""
    told = [study.returns for study in folder.studies if study.returns]
    first = [name for pair in told if (name := ".".join(pair)) in folder.observables]
    phases = {phase for phase, _ in told}
    ranked = sorted(folder.ranked, key=lambda name: name.partition(".")[0] not in phases)
    return list(dict.fromkeys((*first, *ranked)))[:most]


def headings(folder: Folder) -> dict[str, list[Any]]:
    """Of each final observable what its column is called, and whether it is a natural log.

    The phase is named where several have an observable of that name.
    """
    parts = {key: key.partition(".") for key in folder.observables}
    several = Counter(name or phase for phase, _, name in parts.values())
    found: dict[str, list[Any]] = {}
    for key, (phase, _, name) in parts.items():
        log = key in folder.logs
        said = (name or phase).removeprefix("log_" if log else "").replace("_", " ")
        found[key] = [text(f"{said}, {phase}" if several[name or phase] > 1 else said), log]
    return found


def facets(folder: Folder) -> list[dict[str, Any]]:
    """The values of swept overrides and of verdicts, to filter by with a click."""
    found = []
    for key in folder.swept:
        values = sorted({j.overrides[key] for j in folder.jobs if key in j.overrides}, key=rank)
        if len(values) <= 24:
            found.append({"key": key, "values": values})
    states = sorted({job.state for job in folder.jobs})
    if len(states) > 1:
        found.append({"key": "state", "values": states})
    return found


def as_csv(folder: Folder, jobs: Sequence[Job]) -> str:
    """A table of jobs for a spreadsheet; a text that one would run as a formula is quoted."""
    heads = keys_of(folder)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_harmless(head) for head in heads])
    for job in jobs:
        writer.writerow([_harmless(value(job, head)) for head in heads])
    return out.getvalue()


def _full(key: str, keys: Sequence[str]) -> str:
    if key in keys:
        return key
    ends = [known for known in keys if known.endswith(f".{key}")]
    return ends[0] if len(ends) == 1 else key


def _meets(job: Job, term: Term) -> bool:
    if not term.key:
        texts = (job.name, job.folder, job.state, *(f"{k}={v}" for k, v in job.overrides.items()))
        return any(term.value in text.lower() for text in texts)
    have = value(job, term.key)
    if have is None:
        return term.test == "!="
    left, right = number(have), number(term.value)
    if left is not None and right is not None:
        return OPERATORS[term.test](left, right)
    return OPERATORS[term.test](str(have), term.value)


def number(value: Any) -> float | None:
    """A value as a number, None where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def rank(value: Any) -> tuple[int, float, str]:
    """Where a value stands in order: numbers by size, then words."""
    n = number(value)
    return (1, 0.0, str(value)) if n is None or n != n else (0, n, "")


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return value if number(value) is not None else f"'{value}"
    return value
