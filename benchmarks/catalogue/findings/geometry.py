"""Embeddings with few dimensions; which sentences drive the direction."""

from __future__ import annotations

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.finding import Finding, Reading, Records, Row, between, noted, number
from benchmarks.catalogue.findings.rates import label_row
from benchmarks.catalogue.plots import Chart, Series
from ntp_dynamics.data.realizable import optimal_tokens, recognise
from ntp_dynamics.record import Record
from ntp_dynamics.theory.max_margin import attention_target

GAP = "direction_gap_kq"


def low_dimension(records: Records) -> Reading:
    """Gaussian unit embeddings of |V| = 20 tokens in 40 to 3 dimensions."""
    by_dim = {int(key.partition("=")[2]): record for key, record in records.items()}
    rows, curves = [], []
    for dim, record in by_dim.items():
        norm = series.target(record, "norm_kq")
        feasible = np.isfinite(norm)
        pure = record.constants.pure
        end = series.last(record, GAP)
        first = np.isfinite(series.target(record, "norm_ov"))
        rows.append(
            Row(
                f"d = {dim}: runs with a solution of problem (3); of (2)",
                {5: "some; 8"}.get(dim, "8; 8" if dim > 5 else "0; 8"),
                f"{int(feasible.sum())}; {int(first.sum())}",
                _as_noted(dim, feasible, first),
                "the notes have one draw of embeddings; here eight, with eight corpora",
            )
        )
        where = f"1 - cos at path 1,000, {int((feasible & pure).sum())} runs with pure attention"
        if (feasible & pure).any():
            reached = end[feasible & pure]
            rows.append(between(f"d = {dim}: {where}", 0, 1e-2, reached, expected="below 0.01"))
        where = f"1 - cos at path 1,000, {int((feasible & ~pure).sum())} runs without"
        if (feasible & ~pure).any():
            rows.append(noted(f"d = {dim}: {where}", end[feasible & ~pure]))
        rows.append(noted(f"d = {dim}: ||W*_kq||", norm))
        rows.append(noted(f"d = {dim}: ||W|| / (eta t)", series.last(record, "norm_ratio")))
        if feasible.any():
            curves.append(
                Series(f"d = {dim}", series.steps(record), series.values(record, GAP)[feasible])
            )
    text = (
        "Fewer dimensions than tokens leave both problems feasible for a while, with a growing "
        "||W*_kq||; then problem (3) fails before problem (2). Convergence to W*_kq asks for one "
        "thing more, which orthonormal embeddings give for free: that attention on the optimal "
        "token alone is best. With unequal margins a mixture can be better, and then the norm "
        "stops growing sooner or later. A sign test on the frozen logits tells, before training, "
        "in which runs attention is pure: all of those converge here. It does not tell when the "
        "others stall; some have not within this path."
    )
    return Reading(rows, text, [Chart("1 - cos(W_kq, W*_kq)", curves)], "Feasible runs only.")


def _as_noted(dim: int, feasible: np.ndarray, first: np.ndarray) -> bool:
    expected = feasible.all() if dim > 5 else (not feasible.any() if dim < 5 else True)
    return bool(expected and first.all())


def support_vectors(records: Records) -> Reading:
    """Cumulative weights of the sentences against the dual."""
    (record,) = records.values()
    t, weight = _cumulative(record)
    norm = series.target(record, "norm_kq")
    norm_now = _norms(record, t)
    scaled = weight * (norm[:, None] / norm_now)[..., None]
    total = np.nansum(scaled, axis=-1) / norm[:, None] ** 2
    usable = [_usable(record, run, weight.shape[-1]) for run in range(len(norm))]
    idle = np.array(
        [
            np.nansum(scaled[run][:, ~mask], axis=-1) / norm[run] ** 2
            for run, mask in enumerate(usable)
        ]
    )
    has_idle = idle[:, -1] > 0
    sizes = np.array([mask.sum() for mask in usable])
    half = np.array([_driving(scaled[run, -1], 0.5) for run in range(len(norm))])
    late = t >= 1000
    falls = np.polyfit(np.log(t[late]), np.log(idle[has_idle][:, late]).T, 1)[0]
    rows = [
        number(
            "sum of the scaled weights over ||W*||^2 at t = 10,000", 1.0, total[:, -1], slack=0.01
        ),
        between(
            "share of sentences that no dual optimum uses, t = 10,000",
            0,
            0.05,
            idle[has_idle][:, -1],
            expected="small",
        ),
        number("exponent of that share, last decade", -1.0, falls, slack=0.2),
        noted("sentences with two tokens or more", _with_relation(record)),
        noted("of them those that some dual optimum uses", sizes),
        noted("fewest sentences that carry half of the direction", half),
        label_row(records, "kq.direction.sharp", "tight, inconclusive"),
    ]
    charts = [
        Chart("sum of weights / ||W*||^2", [Series("8 runs", t, total)], plain=True),
        Chart(
            "share of idle sentences",
            [Series("runs that have any", t, idle[has_idle])],
            guides=[("1/t", t[late], np.median(idle[has_idle], 0)[late][0] * t[late][0] / t[late])],
        ),
    ]
    text = (
        "Normalised descent from zero is a positive combination of the sentences. Scaled by "
        "||W*|| / ||W||, its weights tend to multipliers of problem (3): their sum to ||W*||^2, "
        "and the weight of the sentences that no dual optimum uses to nothing, nearly like 1/t: "
        "what they got in the burn-in is almost all they ever get. The support vectors of a "
        "transformer can be read off its gradient."
    )
    return Reading(rows, text, charts, "Which sentences drive the direction.")


def _cumulative(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Steps and lambda_n(t) = eta sum of `support` up to t: (R, T, N)."""
    data = record.stage("attention")["support"]
    t = data[data.dims[1]].values.astype(float)
    rate = np.nan_to_num(data.values) * record.config.train.attention.step_size
    widths = np.diff(t)[:, None]
    area = np.cumsum((rate[:, 1:] + rate[:, :-1]) / 2 * widths, axis=1)
    return t[1:], area


def _norms(record: Record, t: np.ndarray) -> np.ndarray:
    steps = series.steps(record)
    return series.values(record, "norm_kq")[:, np.searchsorted(steps, t)]


def _usable(record: Record, run: int, size: int) -> np.ndarray:
    """Sentences with a tight relation that some dual optimum gives a positive multiplier."""
    corpus = record.corpora[run]
    found = recognise(corpus)
    target = attention_target(found)
    mask = np.zeros(size, dtype=bool)
    for i, sentence in enumerate(corpus.sentences):
        certificate = target.columns.get(sentence[-1])
        if certificate is None or certificate.certificate is None:
            continue
        live = set(certificate.certificate.tight) - set(certificate.certificate.forced_zero)
        best, rest = optimal_tokens(corpus, i, found.collocation)
        mask[i] = any((a, b) in live for a in best for b in rest)
    return mask


def _with_relation(record: Record) -> np.ndarray:
    return np.array([sum(len(set(s)) > 1 for s in c.sentences) for c in record.corpora])


def _driving(weights: np.ndarray, share: float) -> int:
    """How many of the heaviest sentences carry this share of the weight."""
    heaviest = np.sort(weights)[::-1].cumsum()
    return int((heaviest < share * heaviest[-1]).sum()) + 1


LOW_DIMENSION = Finding("low_dimension", "Fewer dimensions than tokens", low_dimension)
SUPPORT_VECTORS = Finding("support_vectors", "Which sentences drive the direction", support_vectors)
