"""What is proved of a run from one of its steps on, beside what was observed of it.

A study may prove of the state at a step that a claim holds at every later step, however far the run
goes (`Study.proofs`).  Verdicts tell it beside what the record shows, and never instead: a run that
fails a claim at a recorded step fails it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ntp_dynamics.verdict.verdict import Verdict

Since = Mapping[str, Sequence[int | None]]
"""By claim: of each run the step from which on it is proved; None where it is not."""


class Proofs(NamedTuple):
    """What was proved of the runs of a job."""

    file: dict[str, Any]
    """What a reader needs to check it, as JSON; `claims` in it is ``since``."""
    since: Since
    said: Sequence[str]
    """What was proved, and why the rest was not; a line each."""


def since_of(file: Mapping[str, Any], runs: int) -> dict[str, list[int | None]]:
    """``since`` of a file.  Raises KeyError, TypeError or ValueError for what no job wrote."""
    found = {}
    for claim, steps in file["claims"].items():
        if len(steps) != runs:
            raise ValueError(f"{claim}: {len(steps)} steps for {runs} runs")
        found[claim] = [None if step is None else int(step) for step in steps]
    return found


def with_proof(verdict: Verdict, steps: Iterable[int | None]) -> Verdict:
    """The verdict, of the runs that it judged with the step from which on each is proved; one that
    the record left undecided is kept."""
    steps = tuple(steps)
    if not any(step is not None for step in steps) or verdict.about != "run":
        return verdict
    pairs = list(zip(steps, verdict.outcomes, strict=True))
    told = tuple(None if word == "left out" else step for step, word in pairs)
    if all(step is None for step in told):
        return verdict
    outcomes = tuple(
        "kept" if word == "undecided" and step is not None else word for step, word in pairs
    )
    return replace(verdict, outcomes=outcomes, proved=told)
