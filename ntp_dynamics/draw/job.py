"""The figures of a job and of a sweep.  What cannot be drawn is said and costs nothing else."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.config.choices import Figures
from ntp_dynamics.draw.overview import VerdictMap
from ntp_dynamics.draw.panels import panels, verdict_panel
from ntp_dynamics.draw.sheets import Sheet, draw_sheets
from ntp_dynamics.observe.judgement import Judged, laws_of
from ntp_dynamics.study import Study
from ntp_dynamics.verdict.label import Label, Seen

if TYPE_CHECKING:
    import xarray


def draw_job(
    study: Study,
    tree: xarray.DataTree,
    inputs: Mapping[str, Any],
    judged: Sequence[Judged],
    folder: Path,
    which: Figures,
    title: str,
) -> list[str]:
    """The quantities of a job and the sheets of its study; one figure a claim where asked for, of
    those that are judged over time.

    Returns a line for every reason why some could not be drawn.
    """
    return draw_sheets(_sheets(study, tree, inputs, judged, which, title), folder)


def _sheets(
    study: Study,
    tree: xarray.DataTree,
    inputs: Mapping[str, Any],
    judged: Sequence[Judged],
    which: Figures,
    title: str,
) -> Iterator[Sheet]:
    phases = [phase for phase in study.stages if phase in tree]
    laws, residual = laws_of(judged), study.residual
    yield Sheet("panels", partial(panels, tree, phases, laws, residual), title=title)
    yield from study.sheets(tree, inputs, which, title)
    versions = Counter(j.claim.id for j in judged)
    for j in judged if which is Figures.all else ():
        if j.claim.stage in tree and j.verdict.gate != "inapplicable" and not j.claim.timeless:
            version = f".{j.claim.version}" if versions[j.claim.id] > 1 else ""
            name = f"{j.claim.id}{version}"
            yield Sheet(name, partial(_claim, tree, j, residual), size=(4.6, 4.2))


def _claim(tree: xarray.DataTree, judged: Judged, residual: str | None) -> list[Any]:
    return [verdict_panel(tree, judged, residual)]


def draw_sweep(statuses: Sequence[dict[str, Any]], stem: Path) -> list[Path]:
    """The map of verdicts of a sweep: a column a job, named by the overrides that differ.

    Returns the files; where there are none says why on stderr, in one line.
    """
    claims = list(dict.fromkeys(claim for s in statuses for claim in s.get("labels", {})))
    if not claims:
        return []
    overrides = [dict(o.partition("=")[::2] for o in s["overrides"]) for s in statuses]
    keys = dict.fromkeys(key for row in overrides for key in row)
    swept = [key for key in keys if len({row.get(key) for row in overrides}) > 1]
    chart = VerdictMap(
        claims=claims,
        jobs=[", ".join(row.get(key, "") for key in swept) for row in overrides],
        labels=[[_mark(s, claim) for s in statuses] for claim in claims],
        job_axis=", ".join(swept),
    )
    failed = draw_sheets([Sheet(stem.name, lambda: [chart], size=chart.size)], stem.parent)
    for reason in failed:
        print(reason, file=sys.stderr)
    return [] if failed else [stem.with_name(f"{stem.name}{kind}") for kind in (".png", ".pdf")]


def _mark(status: Mapping[str, Any], claim: str) -> str | None:
    """The label, or what is observed where the claim does not apply."""
    label = status.get("labels", {}).get(claim)
    seen = Seen.known(status.get("observed", {}).get(claim, {}).get("word"))
    return label if label != Label.does_not_apply or seen is None else seen.mark
