"""What became of a job, in the few numbers and words that tables show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ntp_dynamics.record.over_runs import middles
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.verdict.label import Label, Seen

if TYPE_CHECKING:
    import xarray


def summary(
    tree: xarray.DataTree, phases: Iterable[str], claims: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Final observables (over all runs); for each claim its label, the p-value of a
    contradiction, and how many runs keep it; how tables list them.  Claims as in verdicts.json."""
    phases, claims = list(phases), list(claims)
    listed = {"claims": list(dict.fromkeys(claim["id"] for claim in claims))}
    listed |= listed_finals(tree, phases)
    return {"final": final_values(tree, phases), **labels(claims), "listed": listed}


def one_line(error: Exception) -> str:
    """The reason of a failure, short enough for a table."""
    if isinstance(error, UserError):
        return str(error)
    text = str(error).splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def final_values(tree: xarray.DataTree, phases: Iterable[str]) -> dict[str, float | None]:
    """The last value of every scalar over its runs (`over_runs`); None where it does not exist."""
    scalars = dict(_scalars(tree, phases))
    found = middles([(scalar.values[:, -1], scalar.attrs) for scalar in scalars.values()])
    values = dict(zip(scalars, found, strict=True))
    return {key: value if math.isfinite(value) else None for key, value in values.items()}


def listed_finals(tree: xarray.DataTree, phases: Iterable[str]) -> dict[str, list[str]]:
    """Of the final observables which are ranked, in the order of the phases and of their ranks, and
    which are natural logs."""
    ranked: list[str] = []
    logs: list[str] = []
    for phase in phases:
        attributes = {key: scalar.attrs for key, scalar in _scalars(tree, [phase])}
        first = [key for key, said in attributes.items() if said.get("rank")]
        ranked += sorted(first, key=lambda key, said=attributes: said[key]["rank"])
        logs += [key for key, said in attributes.items() if said.get("log")]
    return {"ranked": ranked, "logs": logs}


def _scalars(tree: xarray.DataTree, phases: Iterable[str]) -> Iterator[tuple[str, xarray.Variable]]:
    """Every recorded scalar with its name in tables."""
    for phase in phases:
        if phase in tree.children:
            data = tree.children[phase].dataset
            variables, coordinates = dict(data.variables), set(data.coords)
            for name, values in variables.items():
                dims = values.dims
                if name not in coordinates and len(dims) == 2 and dims[1] in coordinates:
                    yield f"{phase}.{name}", values


def labels(claims: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """One label a claim, of several versions the least favourable, with its runs, and beside it
    what is observed beyond the hypotheses and in a shadow; claims as in verdicts.json."""
    found: dict[str, Mapping[str, Any]] = {}
    p_values: dict[str, float] = {}
    claims = list(claims)
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
        **_beside(claims),
    }


def _beside(claims: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is no verdict and stands beside them, where there is any: what runs show that a claim
    does not cover, and the label of its shadow as it stands; of several versions the worst."""
    seen: dict[str, dict[str, Any]] = {}
    shadows: dict[str, dict[str, Any]] = {}
    for claim in claims:
        key = claim["id"]
        if outside := claim.get("observed"):
            word = Seen(outside["word"])
            if key not in seen or word.severity < Seen(seen[key]["word"]).severity:
                seen[key] = {"word": str(word), "said": claim["beyond"]}
        if shadow := claim.get("shadow"):
            told = {name: shadow[name] for name in ("label", "since")}
            worst = shadows.setdefault(key, told)
            if Label(told["label"]).severity < Label(worst["label"]).severity:
                shadows[key] = told
    found = {"observed": seen, "shadow": shadows}
    return {name: told for name, told in found.items() if told}


def _runs(claim: Mapping[str, Any]) -> dict[str, Any]:
    """How many of the judged runs keep a claim, and which fail it, the worst first; of how many it
    is proved, and from which step on of all these."""
    counts = claim["counts"]
    judged = sum(counts.values()) - counts.get("left out", 0)
    told = {"kept": counts.get("kept", 0), "judged": judged, "failing": claim["failing"]}
    steps = [step for step in claim.get("proved", ()) if step is not None]
    return told | ({"proved": len(steps), "proved_from": max(steps)} if steps else {})
