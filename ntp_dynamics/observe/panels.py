"""What the figures of a job show: its quantities with every claim, a claim each, attention over
time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool

from ntp_dynamics.config import Stage
from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.lab.curves import curves
from ntp_dynamics.lab.evolution import Evolution, Share
from ntp_dynamics.lab.gate import trusted
from ntp_dynamics.lab.lettering import plain
from ntp_dynamics.lab.panel import Panel, Shadow
from ntp_dynamics.lab.written import Written
from ntp_dynamics.observe.judgement import (
    Judged,
    laws_of,
    log_floor,
    log_observed,
    observed,
    observed_steps,
)
from ntp_dynamics.observe.tree import SHADOW

if TYPE_CHECKING:
    import xarray

Quantities = dict[str, str]
"""Names of observables with a title each; the first of them that has a value is drawn."""

PANELS: list[tuple[Stage, Quantities]] = [
    (Stage.feed_forward, {"log_loss": "$L_0$: loss, stage 1 (sum over tokens)"}),
    (Stage.feed_forward, {"direction_gap_ov": r"$1-\cos(W_{ov}, W^*_{ov})$"}),
    (Stage.feed_forward, {"norm_ov": r"$\|W_{ov}\|$"}),
    (
        Stage.attention,
        {
            "log_excess_loss": r"$L-L_{\min}$: excess loss, stage 2",
            "log_loss": "$L$: loss, stage 2",
        },
    ),
    (Stage.attention, {"direction_gap_kq": r"$1-\cos(W_{kq}, W^*_{kq})$"}),
    (Stage.attention, {"norm_kq": r"$\|W_{kq}\|$"}),
    (Stage.joint, {"log_loss": "$L$: loss, both layers at once"}),
    (Stage.joint, {"direction_gap_ov": r"$1-\cos(W_{ov}, W^*_{ov})$"}),
    (Stage.joint, {"norm_ov": r"$\|W_{ov}\|$"}),
    (Stage.joint, {"direction_gap_kq": r"$1-\cos(W_{kq}, W^*_{kq})$"}),
    (Stage.joint, {"norm_kq": r"$\|W_{kq}\|$"}),
]


def panels(tree: xarray.DataTree, laws: Iterable[Written]) -> list[Panel]:
    """One panel a quantity, with every law about it, for the stages that were trained; none for a
    quantity without a value."""
    laws = list(laws)
    drawn = []
    for stage, quantities in PANELS:
        for name, title in quantities.items():
            if _has_values(tree, stage, name):
                about = [law for law in laws if (law.stage, law.observable) == (stage, name)]
                one = panel(tree, about, name, title, stage)
                drawn.append(replace(one, formula=True))
                break
    return drawn


def _has_values(tree: xarray.DataTree, stage: Stage, name: str) -> bool:
    there = stage in tree and name in tree.children[stage].dataset
    return there and bool(np.isfinite(log_observed(tree, stage, name)).any())


def verdict_panel(tree: xarray.DataTree, judged: Judged) -> Panel:
    """One claim: measured against law or bound, the window of its rate shaded."""
    claim, verdict = judged.claim, judged.verdict
    statement = f"{claim.statement[:1].upper()}{claim.statement[1:]}. {verdict.sentence}"
    title = f"{claim.id} ({claim.version}): {verdict.label}"
    one = panel(tree, laws_of([judged]), claim.observable, title, Stage(claim.stage))
    return replace(
        one,
        window=verdict.window,
        caption="\n".join(wrap(plain(statement, 900), 72, max_lines=9, placeholder=" …")),
    )


def panel(
    tree: xarray.DataTree,
    laws: list[Written],
    name: str,
    title: str,
    stage: Stage,
) -> Panel:
    """An observable with the curves of laws about it."""
    t = observed_steps(tree, stage).astype(float)
    log_y, counts = log_observed(tree, stage, name), _trusted(tree, stage)
    valid = np.where(counts, log_y, np.nan)
    drawn = [curve for law in laws for curve in curves(law, t, valid)]
    return Panel(
        title=title,
        t=t,
        log_y=log_y,
        curves=drawn,
        log_t="loss" not in name and "leak" not in name,
        log_floor=log_floor(name, int(t[-1])),
        log_ceiling=next((math.log(law.ceiling) for law in laws if law.ceiling), None),
        trusted=None if counts.all() else counts,
        shadow=_shadow(tree, stage, name),
    )


def _shadow(tree: xarray.DataTree, stage: Stage, name: str) -> Shadow | None:
    """The same runs by automatic differentiation, where they were trained that way too."""
    group = f"{SHADOW}{stage}"
    if group not in tree:
        return None
    label = tree.children[group].dataset.attrs["engine"]
    return Shadow(label, log_observed(tree, group, name), _trusted(tree, group))


def _trusted(tree: xarray.DataTree, group: str) -> Bool[np.ndarray, "R T"]:
    """Where the numbers of a run count: up to the first residual that is too large."""
    residual = observed(tree, group, "zero_sum_residual")
    return trusted(np.zeros_like(residual), residual)


def attention_panels(
    tree: xarray.DataTree, corpus: Corpus, run: int, sentences: Sequence[int] | None = None
) -> list[Evolution]:
    """Where the last token of chosen sentences looks, over the checkpoints.

    ``sentences`` are sample numbers; None takes, for up to six queries, the one with most tokens.
    """
    data = tree.children[Stage.attention].dataset
    t = data["checkpoint"].values.astype(float)
    chosen = telling_sentences(corpus) if sentences is None else sentences
    collocation = {
        s[0]: y for s, y in zip(corpus.sentences, corpus.next_tokens, strict=True) if len(s) == 1
    }
    drawings = []
    for i in chosen:
        sentence, label = corpus.sentences[i], corpus.next_tokens[i]
        mass = data["attention"].values[run, :, i]
        shares = [
            Share(
                corpus.vocab[token] + " (query)" * (token == sentence[-1]),
                mass[:, k],
                main=collocation.get(token) == label,
            )
            for k, token in enumerate(dict.fromkeys(sentence))
        ]
        title = f"run {run}, sample {i}: {corpus.spell(i)}"
        drawings.append(Evolution(title, t, shares, quantity="attention"))
    return drawings


def telling_sentences(corpus: Corpus, most: int = 6) -> list[int]:
    """Of each query the sample with most distinct tokens, for the first queries."""
    best: dict[int, int] = {}
    for i, sentence in enumerate(corpus.sentences):
        rival = corpus.sentences[best[sentence[-1]]] if sentence[-1] in best else ()
        if len(sentence) > 1 and len(set(sentence)) > len(set(rival)):
            best[sentence[-1]] = i
    return [best[query] for query in sorted(best)][:most]
