"""The paper's Figure 2: six quantities on linear axes, from step 0 on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.draw.linear import LinearPanel
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus

if TYPE_CHECKING:
    import xarray

Values = Float[np.ndarray, "R T"]
Shown = Callable[[Values, Sequence[Corpus]], Values]


def _mean_over_tokens(log_loss: Values, corpora: Sequence[Corpus]) -> Values:
    known = [len({s[0] for s in c.sentences if len(s) == 1}) for c in corpora]
    return _exp(log_loss) / np.array(known)[:, None]


def _sum_over_samples(log_loss: Values, corpora: Sequence[Corpus]) -> Values:
    return _exp(log_loss) * np.array([c.size for c in corpora])[:, None]


def _cosine(gap: Values, _: Sequence[Corpus]) -> Values:
    return 1 - gap


def _as_it_is(values: Values, _: Sequence[Corpus]) -> Values:
    return values


def _exp(values: Values) -> Values:
    with np.errstate(over="ignore"):
        return np.exp(values)


FIGURE_2: list[tuple[Stage, str, Shown, str]] = [
    (Stage.feed_forward, "log_loss", _mean_over_tokens, "$L_0$: loss, stage 1 (mean over tokens)"),
    (Stage.feed_forward, "direction_gap_ov", _cosine, r"$\cos(W_{ov}, W^*_{ov})$"),
    (Stage.feed_forward, "norm_ov", _as_it_is, r"$\|W_{ov}\|$"),
    (Stage.attention, "log_loss", _sum_over_samples, r"$N\,L$: loss, stage 2 (sum over samples)"),
    (Stage.attention, "direction_gap_kq", _cosine, r"$\cos(W_{kq}, W^*_{kq})$"),
    (Stage.attention, "norm_kq", _as_it_is, r"$\|W_{kq}\|$"),
]


def figure2(tree: xarray.DataTree, corpora: Sequence[Corpus]) -> list[LinearPanel]:
    """The six panels; none of them unless both stages were trained and every panel has values."""
    each = corpora if len(corpora) == tree.sizes["run"] else [corpora[0]] * tree.sizes["run"]
    panels = []
    for stage, name, shown, title in FIGURE_2:
        if stage in tree and name in tree.children[stage].dataset:
            data = tree.children[stage].dataset
            y = shown(data[name].values, each)
            if np.isfinite(y).any():
                panels.append(LinearPanel(title, data["step"].values.astype(float), y, True))
    return panels if len(panels) == len(FIGURE_2) else []
