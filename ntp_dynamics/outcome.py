"""What became of a job, in the few numbers and words that tables show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.config import Stage
from ntp_dynamics.job import Job
from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.lab.label import Label
from ntp_dynamics.observe.judgement import Judged

if TYPE_CHECKING:
    import xarray


def summary(tree: xarray.DataTree, judged: Iterable[Judged]) -> dict[str, Any]:
    """Final observables (medians over runs); for each claim its label, the p-value of a
    contradiction, and how many runs keep it."""
    return {"final": final_values(tree), **labels([j.to_json() for j in judged])}


def notes(job: Job) -> list[str]:
    """What a reader of the verdicts should know about the data: why a run has no target."""
    runs: dict[str, list[int]] = {}
    for run, target in enumerate(job.targets):
        if target.missing:
            runs.setdefault(target.missing, []).append(run)
    whole = len(job.targets)
    return [f"no W*_kq ({len(which)} of {whole} runs): {reason}" for reason, which in runs.items()]


def one_line(error: Exception) -> str:
    """The reason of a failure, short enough for a table."""
    if isinstance(error, UserError):
        return str(error)
    text = str(error).splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def final_values(tree: xarray.DataTree) -> dict[str, float | None]:
    """The last value of every scalar, the median over runs; None where it does not exist."""
    final: dict[str, float | None] = {}
    for stage in Stage:
        if stage in tree:
            for name, values in tree.children[stage].dataset.data_vars.items():
                if len(values.dims) == 2 and str(values.dims[1]).startswith("step"):
                    median = float(np.median(values.values[:, -1]))
                    final[f"{stage}.{name}"] = median if np.isfinite(median) else None
    return final


def labels(claims: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """One label a claim, of several versions the least favourable, with its runs; claims as in
    verdicts.json."""
    found: dict[str, Mapping[str, Any]] = {}
    p_values: dict[str, float] = {}
    for claim in claims:
        key, p = claim["id"], claim["p_contradicted"]
        worst = found.setdefault(key, claim)
        if Label(claim["label"]).severity < Label(worst["label"]).severity:
            found[key] = claim
        if p is not None:
            p_values[key] = min(p_values.get(key, 1.0), p)
    return {
        "labels": {key: claim["label"] for key, claim in found.items()},
        "p_contradicted": p_values,
        "runs": {key: _runs(claim) for key, claim in found.items()},
    }


def _runs(claim: Mapping[str, Any]) -> dict[str, Any]:
    """How many of the judged runs keep a claim, and which fail it, the worst first."""
    counts = claim["counts"]
    judged = sum(counts.values()) - counts.get("left out", 0)
    return {"kept": counts.get("kept", 0), "judged": judged, "failing": claim["failing"]}
