"""Many verdicts at once: how many contradictions are more than the luck of a long table.

Holm's procedure for "something here is contradicted" (family-wise error 5 %), that of Benjamini and
Hochberg for maps of where (false discoveries 5 %).  "The claim holds in every cell" needs no
correction, but is only as strong as its weakest cell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.label import Label

LEVEL = 0.05


@dataclass(frozen=True)
class Adjusted:
    """Verdicts N of a sweep, in the order given.

    ``p_holm`` and ``p_bh``: adjusted p-values, nan where no contradiction was looked for.
    ``contradicted``: contradicted, and still so after Holm; ``mapped``: after Benjamini-Hochberg.
    ``counts``: verdicts by label, the inconclusive ones among them.  ``weakest``: the verdict
    nearest to a contradiction; None if none was looked for.
    """

    p_holm: Float[np.ndarray, " N"]
    p_bh: Float[np.ndarray, " N"]
    contradicted: Bool[np.ndarray, " N"]
    mapped: Bool[np.ndarray, " N"]
    counts: dict[str, int]
    weakest: int | None


def adjust(verdicts: Sequence[Any]) -> Adjusted:
    """Adjust for the number of verdicts.

    ``verdicts``: objects or mappings that hold ``label`` and ``p_contradicted`` (nan or None where
    none was computed).  Raises ValueError for a contradicted verdict without its p-value.
    """
    labels = [_get(verdict, "label") for verdict in verdicts]
    raw = [_get(verdict, "p_contradicted") for verdict in verdicts]
    p = np.array([np.nan if value is None else value for value in raw], dtype=np.float64)
    called = np.array([label == Label.contradicted for label in labels], dtype=bool)
    if np.isnan(p[called]).any():
        raise ValueError("a contradicted verdict has no p_contradicted")
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    size, rank = len(order), np.arange(1, len(order) + 1)
    p_holm, p_bh = np.full(len(p), np.nan), np.full(len(p), np.nan)
    p_holm[order] = np.minimum(np.maximum.accumulate((size - rank + 1) * p[order]), 1.0)
    p_bh[order] = np.minimum(np.minimum.accumulate((size / rank * p[order])[::-1])[::-1], 1.0)
    return Adjusted(
        p_holm=p_holm,
        p_bh=p_bh,
        contradicted=called & (p_holm <= LEVEL),
        mapped=called & (p_bh <= LEVEL),
        counts=dict(Counter(labels)),
        weakest=int(order[0]) if size else None,
    )


def _get(record: Any, name: str) -> Any:
    return record[name] if isinstance(record, Mapping) else getattr(record, name)
