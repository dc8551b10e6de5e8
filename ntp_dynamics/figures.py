"""The figures of a job and of a sweep, as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.lab.figures import save_grid
from ntp_dynamics.lab.overview import VerdictMap
from ntp_dynamics.observe.judgement import CLAIMS, Judged
from ntp_dynamics.observe.panels import attention_panels, figure2, verdict_panel
from ntp_dynamics.theory.constants import Constants

if TYPE_CHECKING:
    import xarray


def draw_job(
    tree: xarray.DataTree,
    corpora: Sequence[Corpus],
    constants: Constants,
    judged: Sequence[Judged],
    folder: Path,
    every: bool = False,
) -> list[Path]:
    """The six panels and the evolution of attention; with ``every``, one figure a claim too."""
    paths = []
    runs = tree.sizes["run"]
    v, seed = corpora[0].classes, tree.attrs["seed"]
    title = f"{runs} run{'s' * (runs != 1)}, |V| = {v}, seed {seed}"
    if panels := figure2(tree, constants, CLAIMS):
        paths += save_grid(panels, folder / "panels", title=title)
    if "attention" in tree and "attention" in tree.children["attention"].dataset:
        paths += draw_attention(tree, corpora, folder / "attention")
    versions = Counter(j.claim.id for j in judged)
    for j in judged if every else ():
        if j.claim.stage in tree and j.verdict.gate != "inapplicable":
            version = f".{j.claim.version}" if versions[j.claim.id] > 1 else ""
            panel = verdict_panel(tree, constants, j)
            paths += save_grid([panel], folder / f"{j.claim.id}{version}", size=(4.6, 4.2))
    return paths


def draw_attention(
    tree: xarray.DataTree,
    corpora: Sequence[Corpus],
    stem: Path,
    run: int = 0,
    sentences: Sequence[int] | None = None,
) -> list[Path]:
    """Where the last token of chosen sentences of one run looks, over the checkpoints."""
    drawings = attention_panels(tree, corpora[run], run, sentences)
    return save_grid(drawings, stem, size=(4.3, 2.5)) if drawings else []


def draw_sweep(statuses: Sequence[dict[str, Any]], stem: Path) -> list[Path]:
    """The map of verdicts of a sweep: a column a job, named by the overrides that differ."""
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
    return save_grid([chart], stem, size=chart.size)
