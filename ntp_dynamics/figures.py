"""The figures of a job and of a sweep.  What cannot be drawn is said and costs nothing else."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.config import Figures
from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.lab.figures import Sheet, draw_sheets
from ntp_dynamics.lab.overview import VerdictMap
from ntp_dynamics.observe.figure2 import figure2
from ntp_dynamics.observe.judgement import CLAIMS, Judged, laws_of
from ntp_dynamics.observe.panels import attention_panels, panels, verdict_panel

if TYPE_CHECKING:
    import xarray


def draw_job(
    tree: xarray.DataTree,
    corpora: Sequence[Corpus],
    judged: Sequence[Judged],
    folder: Path,
    which: Figures = Figures.auto,
) -> list[str]:
    """The quantities of a job and the evolution of attention; the paper's Figure 2 and one figure a
    claim where asked for.  Returns a line for every reason why some could not be drawn."""
    return draw_sheets(_sheets(tree, corpora, judged, which), folder)


def _sheets(
    tree: xarray.DataTree,
    corpora: Sequence[Corpus],
    judged: Sequence[Judged],
    which: Figures,
) -> Iterator[Sheet]:
    runs = tree.sizes["run"]
    v, seed = corpora[0].classes, tree.attrs["seed"]
    title = f"{runs:,} run{'s' * (runs != 1)}, |V| = {v}, seed {seed}"
    yield Sheet("panels", partial(panels, tree, laws_of(judged)), title=title)
    if which in (Figures.paper, Figures.all):
        yield Sheet("figure2", partial(figure2, tree, corpora), title=title)
    if "attention" in tree and "attention" in tree.children["attention"].dataset:
        yield Sheet("attention", partial(attention_panels, tree, corpora[0], 0), size=(4.3, 2.5))
    versions = Counter(j.claim.id for j in judged)
    for j in judged if which is Figures.all else ():
        if j.claim.stage in tree and j.verdict.gate != "inapplicable":
            version = f".{j.claim.version}" if versions[j.claim.id] > 1 else ""
            name = f"{j.claim.id}{version}"
            yield Sheet(name, partial(_claim, tree, j), size=(4.6, 4.2))


def _claim(tree: xarray.DataTree, judged: Judged) -> list[Any]:
    return [verdict_panel(tree, judged)]


def draw_sweep(statuses: Sequence[dict[str, Any]], stem: Path) -> list[Path]:
    """The map of verdicts of a sweep: a column a job, named by the overrides that differ.

    Returns the files; where there are none says why on stderr, in one line.
    """
    found = {claim for status in statuses for claim in status.get("labels", {})}
    claims = [claim for claim in dict.fromkeys(c.id for c in CLAIMS) if claim in found]
    if not claims:
        return []
    overrides = [dict(o.partition("=")[::2] for o in s["overrides"]) for s in statuses]
    keys = dict.fromkeys(key for row in overrides for key in row)
    swept = [key for key in keys if len({row.get(key) for row in overrides}) > 1]
    chart = VerdictMap(
        claims=claims,
        jobs=[", ".join(row.get(key, "") for key in swept) for row in overrides],
        labels=[[s.get("labels", {}).get(claim) for s in statuses] for claim in claims],
        job_axis=", ".join(swept),
    )
    failed = draw_sheets([Sheet(stem.name, lambda: [chart], size=chart.size)], stem.parent)
    for reason in failed:
        print(reason, file=sys.stderr)
    return [] if failed else [stem.with_name(f"{stem.name}{kind}") for kind in (".png", ".pdf")]
