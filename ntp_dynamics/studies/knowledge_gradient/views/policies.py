"""The panels of a page: false selections, gaps, shares and rates of all policies.

Policies are the lines here, and runs are not: but for the shares of the run that is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ntp_dynamics.record.record import Record
from ntp_dynamics.studies.knowledge_gradient.config import Motion, Policy
from ntp_dynamics.studies.knowledge_gradient.report import (
    differences,
    interval,
    recorded,
    theory_of,
)

Panel = dict[str, Any]
ORDER = list(Policy)


def policies(record: Record, run: int) -> dict[str, Any] | None:
    """Panels of lines and bars; None where nothing was recorded."""
    tree = record.trajectory
    if "theory" not in tree:
        return None
    panels = [*_simulated(tree), *_flowing(tree), *_shares(tree, run)]
    return {"panels": panels} if panels else None


def _numbers(values: Iterable[float]) -> list[float | None]:
    """Short finite numbers; None for what is none."""
    return [float(f"{x:.4g}") if math.isfinite(x) else None for x in np.asarray(values).tolist()]


def _line(policy: Policy, x: Any, y: Any, **more: Any) -> dict[str, Any]:
    """A curve; ``low``, ``high``: of a band; ``ink``: which of the colours of policies."""
    banded = {name: _numbers(values) for name, values in more.items()}
    ink = ORDER.index(policy)
    return {"label": str(policy), "ink": ink, "x": _numbers(x), "y": _numbers(y), **banded}


def _log10(values: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.log10(values)


def _simulated(tree: Any) -> Iterator[Panel]:
    found = recorded(tree, Motion.simulated)
    if not found:
        return
    wrong, gaps, pairs = [], [], []
    for policy, data in found:
        n, events = data["pull"].values, data["false_selection"].values
        there = ~np.isnan(events).any(axis=0)
        p, low, high = interval(events[:, there])
        bounds = {"low": _log10(np.maximum(low, 1e-6)), "high": _log10(high)}
        wrong.append(_line(policy, n[there], _log10(p), **bounds))
        gaps.append(_line(policy, n, data["posterior_gap"].values.mean(axis=0)))
        if Policy.kg in dict(found) and policy not in (Policy.kg, Policy.equal):
            x, apart, error = differences(tree, data)
            pairs.append(_line(policy, x, apart, low=apart - error, high=apart + error))
    yield _lines("selections", "False selections, 95 % intervals", "log10 P(wrong)", wrong)
    yield _lines("gaps", "Posterior error over that of the best shares", "mean log ratio", gaps)
    if pairs:
        yield _lines("pairs", "On the same rewards", "P(wrong) less that of kg", pairs, level=0)


def _lines(name: str, title: str, y: str, lines: list[Any], **more: Any) -> Panel:
    return {"kind": "lines", "name": name, "title": title, "x": "pulls", "y": y, "lines": lines} | (
        more
    )


def _flowing(tree: Any) -> Iterator[Panel]:
    found = recorded(tree, Motion.fluid)
    if not found:
        return
    lost = []
    for policy, data in found:
        n, loss = data["pull"].values[1:], 1 - data["share_efficiency"].values[0, 1:]
        lost.append(_line(policy, np.log10(n), _log10(np.where(loss > 0, loss, np.nan))))
    panel = _lines("loss", "Rate lost by the shares of the fluid", "log10 of the loss", lost)
    yield {**panel, "x": "log10 of pulls"}


def _shares(tree: Any, run: int) -> Iterator[Panel]:
    motions = ((Motion.simulated, f"Shares of run {run}"), (Motion.fluid, "Shares of the fluid"))
    for motion, title in motions:
        bars = []
        for policy, data in recorded(tree, motion):
            expected = theory_of(tree, policy, "expected_share")
            marks = [] if expected is None else _numbers(expected)
            share = _numbers(data["share"].values[run, -1])
            ink = ORDER.index(policy)
            bars.append({"label": str(policy), "ink": ink, "values": share, "marks": marks})
        if bars:
            arms = [str(arm) for arm in tree["theory"]["arm"].values]
            words = {"x": "arm; ticks: theory", "y": "share of the pulls"}
            name = f"shares_{motion}"
            yield {"kind": "bars", "name": name, "title": title, "at": arms, "bars": bars} | words
