"""Corpora outside the hypotheses: confused, weighted, repeated, ambiguous, cyclic, unreachable."""

from __future__ import annotations

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.finding import (
    Finding,
    Reading,
    Records,
    Row,
    between,
    noted,
    number,
    words,
)
from benchmarks.catalogue.findings.rates import label_row
from benchmarks.catalogue.plots import Chart, Series
from ntp_dynamics.data.realizable import recognise
from ntp_dynamics.record import Record

GAP = "direction_gap_kq"
RATIOS = (1, 10, 100, 1000, 3000)
TRAPS_BY_GD = [
    (f"dataset.path=${{corpus:trap_{r}}}", "optimizer=gd", "train.attention.step_size=0.5")
    for r in RATIOS
]


def confused_chain(records: Records) -> Reading:
    """Orders of three and five levels."""
    notes = {"chain": (1.6e-5, 5.715), "long_chain": (2.2e-5, 11.92)}
    rows = []
    for key, record in records.items():
        shape = key.removeprefix("dataset=")
        gap, norm = notes[shape]
        slope = (
            series.decay(record, "log_excess_loss", 5e3) * series.target(record, "norm_kq") / -0.1
        )
        mass = series.values(record, "attention_mass_min")
        falls = (np.diff(mass, axis=1) < -1e-12).any(1)
        rows += [
            number(f"{shape}: 1 - cos at t = 20,000", gap, series.last(record, GAP)),
            number(
                f"{shape}: ||W*_kq||",
                norm,
                series.target(record, "norm_kq"),
                why="one corpus of another generator in the notes",
            ),
            number(f"{shape}: slope of log(L - L_min) over prediction", 1.0, slope, slack=5e-3),
        ]
        if shape == "long_chain":
            rows.append(
                Row(
                    "long_chain: runs where the worst optimal mass falls at some step",
                    "some",
                    f"{falls.sum()} of {falls.size}",
                    bool(falls.any()),
                )
            )
    rows.append(label_row(records, "kq.direction", "does not apply"))
    curves = [
        Series(key.removeprefix("dataset="), series.steps(r), series.values(r, GAP))
        for key, r in records.items()
    ]
    text = (
        "Confused tokens are excluded from the theorem for the sake of its proof. Problem (3) does "
        "not mind them: its solution on a chain is level minus mean level, and descent goes there "
        "at the predicted pace, on a longer way because ||W*_kq|| is larger. What can fail is the "
        "mechanism of the proof: with five levels the attention on the optimal tokens falls at "
        "some steps of some runs."
    )
    return Reading(rows, text, [Chart("1 - cos(W_kq, W*_kq)", curves)], "Three and five levels.")


def trap(records: Records) -> Reading:
    """A rare sentence against two frequent ones."""
    notes = {10: (131, -1.5), 100: (330, -6.9), 1000: (1252, -33), 3000: (2269, -62)}
    rows, curves = [], []
    for ratio in RATIOS:
        ngd = records[f"dataset.path=${{corpus:trap_{ratio}}}"]
        gd = records[", ".join(TRAPS_BY_GD[RATIOS.index(ratio)])]
        t = series.steps(ngd)
        margin = series.values(ngd, "score_margin")[0]
        if ratio in notes:
            step, depth = notes[ratio]
            rows += [
                number(f"ratio {ratio}: ngd, lowest margin of the rare one", depth, margin.min()),
                number(
                    f"ratio {ratio}: ngd, step at which its margin passes 1",
                    step,
                    _recovery(t, margin),
                ),
            ]
        stuck = _recovery(series.steps(gd), series.values(gd, "score_margin")[0])
        expected = "never" if ratio >= 100 else "recovers"
        measured = "never" if np.isnan(stuck) else "recovers"
        row = words(f"ratio {ratio}: gd within 40,000 steps", expected, measured)
        rows.append(row)
        early = t <= 5000
        curves.append(
            Series(f"ratio {ratio}", t[early], series.values(ngd, "score_margin")[:, early])
        )
    text = (
        "The frequent sentences first push the tokens of the rare one the wrong way, the deeper "
        "the rarer it is. Normalised descent always comes back, in a time that grows with the "
        "ratio, because its steps do not shrink with the loss of the frequent sentences. Plain "
        "descent waits for an exponentially small gradient."
    )
    chart = Chart("margin of the worst relation under ngd", curves, plain=True)
    return Reading(rows, text, [chart], "The chain e > a > b > c with a rare (a, b).")


def _recovery(t: np.ndarray, margin: np.ndarray) -> float:
    """The first recorded step after which every relation holds by 1; nan if there is none."""
    late = (margin > 1) & (t > 5)
    return float(t[late.argmax()]) if late.any() else float("nan")


def assumption3(records: Records) -> Reading:
    """More copies of wrong tokens than of the right one."""
    (record,) = records.values()
    rises = _rise_of_leak(record)
    rows = [
        number(
            "1 - cos at path 2,000",
            3.4e-7,
            series.at(record, GAP, 2e3),
            why="the notes have one corpus, to whose sentences three random wrong tokens were "
            "added; here every wrong token stands three times",
        ),
        number(
            "exponent of 1 - cos, last decade, no forced-zero relation",
            -2.0,
            _exponents(record),
            slack=0.025,
        ),
        between(
            "largest rise of a sentence's leak between recorded steps",
            -1,
            1e-12,
            rises,
            expected="0",
        ),
        label_row(records, "kq.direction", "does not apply"),
        label_row(records, "kq.direction.sharp", "tight"),
    ]
    against = [len(recognise(corpus).assumption3_violations) for corpus in record.corpora]
    longer = [sum(len(s) > 1 for s in corpus.sentences) for corpus in record.corpora]
    rows.append(noted("share of sentences against Assumption 3", np.divide(against, longer)))
    t = series.steps(record)
    text = (
        "Assumption 3 fails in four of five sentences, and nothing else does: the leak of no "
        "sentence ever grows and the exponent is -2. The assumption looks sufficient, not "
        "necessary."
    )
    chart = Chart("1 - cos(W_kq, W*_kq)", [Series("8 runs", t, series.values(record, GAP))])
    return Reading(rows, text, [chart], "Assumption 3 violated.")


def _exponents(record: Record) -> np.ndarray:
    free = series.target(record, "forced_zero") == 0
    return series.exponent(record, GAP, 2e3)[free]


def _rise_of_leak(record: Record) -> float:
    """Largest increase of 1 - phi_+ of any sentence between recorded attention maps."""
    data = record.stage("attention")["attention"].values
    tokens = record.trajectory.dataset["token_id"].values
    labels = record.trajectory.dataset["next_id"].values
    largest = -np.inf
    for run, corpus in enumerate(record.corpora):
        collocation = np.array(recognise(corpus).collocation)
        optimal = (collocation[tokens[run]] == labels[run][:, None]) & (tokens[run] >= 0)
        mass = np.where(optimal, data[run], 0.0).sum(-1)
        largest = max(largest, float(-np.diff(mass, axis=0).min()))
    return largest


def non_injective(records: Records) -> Reading:
    """Two tokens with one continuation in the same sentence."""
    alone = records["dataset.path=${corpus:non_injective}"]
    even = records["dataset.path=${corpus:non_injective_symmetric}"]
    column = alone.stage("attention")["scores"].values[0, -1]
    queries = alone.trajectory.dataset["query_id"].values[0].tolist()
    scaled = column / np.linalg.norm(column) * series.target(alone, "norm_kq")[0]
    under_q = scaled[[0, 1, 4, 5], queries.index(5)]
    rows = [
        number("one of them also alone: 1 - cos at t = 20,000", 8.6e-2, series.last(alone, GAP)),
        number("its column on a (scaled to ||W*||)", 0.73, under_q[0]),
        between("its column on b", -0.01, 0.01, under_q[1], expected="0"),
        number("its column on the wrong token x", -0.37, under_q[2]),
        between(
            "symmetric: 1 - cos at t = 20,000",
            0,
            1e-6,
            series.last(even, GAP),
            expected="below 1e-6",
        ),
        between(
            "one of them also alone: log10 of the worst leak",
            -1e6,
            -50,
            series.last(alone, "log_leak") / series.LOG_10,
            expected="far below 0",
        ),
        label_row(records, "kq.direction", "does not apply"),
    ]
    t = alone.stage("attention")["checkpoint"].values
    shown = t >= 1
    scores = {
        name: record.stage("attention")["scores"].values[0][:, :, queries.index(5)]
        for name, record in (("a also alone", alone), ("symmetric", even))
    }
    curves = [
        Series(f"{name}: score of {token}", t[shown].astype(float), score[shown, i][None])
        for name, score in scores.items()
        for i, token in enumerate("ab")
    ]
    text = (
        "Injectivity is an assumption of its own. Where two tokens lead to the same label and one "
        "of them also occurs without the other, it takes the attention of the shared sentences "
        "too, and descent ends elsewhere than the solution of problem (3), which asks both to win. "
        "The loss does not notice. In the symmetric corpus neither is ahead and W*_kq is reached."
    )
    return Reading(
        rows, text, [Chart("scores under query q", curves, plain=True)], "A shared continuation."
    )


def cycle(records: Records) -> Reading:
    """One flipped label."""
    bad = records["dataset.path=${corpus:cycle}"]
    good = records["dataset.path=${corpus:cycle_mended}"]
    rows = [
        words(
            "problem (3)",
            "infeasible",
            "infeasible" if np.isnan(series.target(bad, "norm_kq")[0]) else "feasible",
        ),
        number("loss at t = 20,000", 0.121, np.exp(series.last(bad, "log_loss"))),
    ]
    for step, notes in ((1e2, 0.58), (1e3, 0.091), (1e4, 0.014), (2e4, 0.0077)):
        rows.append(
            number(f"||W|| / (eta t) at t = {step:,.0f}", notes, series.at(bad, "norm_ratio", step))
        )
    rows.append(
        between(
            "label mended: ||W|| / (eta t) at t = 20,000",
            0.95,
            1,
            series.last(good, "norm_ratio"),
            expected="near 1",
        )
    )
    rows += [
        noted("margin of the clean query g at t = 20,000", _margin_of(bad, 3, 6)),
        noted("label mended: margin of g", _margin_of(good, 3, 6)),
    ]
    curves = [
        Series("one label flipped", series.steps(bad), series.values(bad, "norm_ratio")),
        Series("mended", series.steps(good), series.values(good, "norm_ratio")),
    ]
    text = (
        "A flipped label closes a cycle of orders: no direction separates, the loss has a floor, "
        "and the norm grows like log t although the path grows like t. Because the norm of the "
        "step is shared, clean queries slow down with the cyclic one. The ratio of norm to path "
        "tells: near 1 for a realizable corpus, falling like log t / t for this one."
    )
    return Reading(rows, text, [Chart("||W_kq|| / path length", curves)], "norm_ratio, a detector.")


def _margin_of(record: Record, optimal: int, query: int) -> float:
    """Last score of an optimal token under a query over that of the query itself."""
    queries = record.trajectory.dataset["query_id"].values[0].tolist()
    scores = record.stage("attention")["scores"].values[0, -1][:, queries.index(query)]
    return float(scores[optimal] - scores[query])


def sufficient(records: Records) -> Reading:
    """A corpus that the definition rejects and training fits."""
    (record,) = records.values()
    found = recognise(record.corpora[0])
    reason = found.certificate.reason.value if found.certificate else "none"
    log_loss = series.last(record, "log_loss", "joint")
    rows = [
        words("realizable", "no: unreachable label", f"no: {reason}"),
        between(
            "log10 of the loss at t = 40,000, both layers trained",
            -1e6,
            -15,
            log_loss / series.LOG_10,
            expected="below -15",
        ),
        between(
            "accuracy at t = 40,000", 1, 1, series.last(record, "accuracy", "joint"), expected="1"
        ),
    ]
    t = series.steps(record, "joint")
    chart = Chart(
        "cross-entropy L",
        [Series("joint training", t, np.exp(series.values(record, "log_loss", "joint")))],
    )
    text = (
        "Realizable, in the paper's sense, is sufficient for a loss of zero and not necessary: the "
        "sum of two columns of W_ov can peak at a label that neither of them predicts. The theory "
        "of max-margin directions says nothing about such a corpus."
    )
    return Reading(rows, text, [chart], "a -> A, b -> B, (a, b) -> C.")


CONFUSED_CHAIN = Finding(
    "confused_chain", "Confused tokens slow down, they do not break", confused_chain
)
TRAP = Finding("trap", "A rare sentence among frequent ones", trap, more=TRAPS_BY_GD)
ASSUMPTION_3 = Finding("assumption3", "Assumption 3 is not needed here", assumption3)
NON_INJECTIVE = Finding("non_injective", "Two tokens with one continuation", non_injective)
CYCLE = Finding("cycle", "One flipped label", cycle)
SUFFICIENT = Finding(
    "sufficient_not_necessary", "Realizable is sufficient, not necessary", sufficient
)
