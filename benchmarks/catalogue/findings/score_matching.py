"""Findings about over-parameterised score matching, in the order of their page.

Numbers with a source are of the notes on arXiv 2511.22069 or of the theory; where neither speaks, a
row only shows what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import (
    Expectation,
    Nothing,
    about,
    below,
    between,
    exactly,
    near,
    one_of,
    order,
)
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.watched import Records, Watched

OPENING = """\
# Findings about score matching

The question is which of n students, a mixture of unit Gaussians, reach the one Gaussian that made
the data, and how fast the loss of the score falls (arXiv 2511.22069). This page holds the theorems,
and what lies around them, against {jobs} jobs. `python -m benchmarks.catalogue --study
score_matching` runs them all ({minutes} on 2 cores) and writes this page; each experiment also runs
alone, by the command under its title. What is modelled, and what each claim says, is in
[score_matching.md](../score_matching.md).

How to read it. Students start at the *distance* M from the truth; one *converged* if it ends within
.5. A *clump* is a start of spread sigma_0, which the way to the truth amplifies by K; c = sigma_0
K. s is the *path length*, step size times steps; r the distance of the nearest student that did not
converge. *Expected* comes from theory or from our notes, with a tolerance that was written before
the run: exact for counts and labels. *Measured* is the median over the runs with their range, and a
row agrees only if **every run** is inside the tolerance, or the one statistic that the row names.
"""


def _last(record: Watched, name: str, stage: str = "descent") -> Float[np.ndarray, "R ..."]:
    return record.stage(stage)[name].values[:, -1]


def _loss(record: Watched, stage: str = "descent") -> Float[np.ndarray, " R"]:
    return np.exp(_last(record, "log_loss", stage))


def _row(
    words: str, expected: Expectation, key: str, measure: Callable[[Watched], object], why: str = ""
) -> Row:
    """About one job."""
    return Row(words, expected, lambda records: measure(records[key]), why)


def _count(
    key: str, expected: Expectation, words: str, stage: str = "descent", why: str = ""
) -> Row:
    return _row(
        f"{words}: students that converge", expected, key, lambda r: _last(r, "count", stage), why
    )


def _share_of_single(key: str, expected: Expectation, words: str) -> Row:
    said = f"{words}: share of runs with exactly one converged"
    return _row(said, expected, key, lambda r: _last(r, "single").mean())


PLAIN = Nothing()

DEFAULT = Finding(
    "score_matching",
    "One survives at t = 0, all with noise",
    rows=[
        _count("", exactly(1), "t = 0 alone"),
        _count("", exactly(5), "averaged over five levels", "averaged"),
        verdict("sm.average", "holds", version="count"),
        verdict("sm.far.sharp", "tight"),
        verdict("sm.far.exponent", "tight"),
        verdict("sm.far.upper", "faster", "holds"),
        verdict("sm.random.lower", "faster", "holds"),
        verdict("sm.stationary", "tight"),
        verdict("sm.clump.phase", "holds"),
        _row(
            "c* of the eight patterns",
            between(10, 27, "10 to 27 by the pattern"),
            "",
            lambda r: r.stage("theory")["threshold"].values,
        ),
    ],
    text=(
        "Five students of a clump at distance 6: the loss at t = 0 keeps one and pushes four "
        "away, for ever and ever more slowly. The loss averaged over five noise levels, from "
        "the same start, pulls all of them in, one after another."
    ),
)

PAPER = Finding(
    "score_matching/paper",
    "The setting of the paper",
    rows=[
        _count("init.distance=3.0", exactly(5), "M = 3"),
        _count("init.distance=4.0", exactly(5), "M = 4"),
        _count("init.distance=4.5", between(2, 5), "M = 4.5"),
        _count(
            "init.distance=5.0",
            exactly(1),
            "M = 5",
            why="one pattern of eight has c below the value from which one is left",
        ),
        _count("init.distance=6.0", exactly(1), "M = 6"),
        _count("init.distance=7.0", exactly(1), "M = 7"),
        _row("M = 4: loss in the end", about(1e-5, share=0.1), "init.distance=4.0", _loss),
        _row(
            "M = 4: running exponent in the end",
            near(-2.05, within=0.05),
            "init.distance=4.0",
            lambda r: _last(r, "running_exponent"),
            "the notes have one pattern",
        ),
        _row(
            "M = 6: distance of the far students",
            near(7.45, within=0.05),
            "init.distance=6.0",
            lambda r: _last(r, "far_min"),
        ),
        _row(
            "M = 7: distance of the far students",
            near(7.54, within=0.05),
            "init.distance=7.0",
            lambda r: _last(r, "far_min"),
        ),
    ],
    text=(
        "20,000 steps of .01, exact expectations in place of batches of 20,000. Between M = 4 "
        "and M = 5 the amplified spread passes c*, and the answer turns from all to one. The "
        "horizon is too short for any law of the tail: s is 200."
    ),
)


def _ball(n: int, d: int) -> str:
    return f"model.students={n}, model.dim={d}"


BALL = Finding(
    "score_matching/ball",
    "A small ball",
    rows=[
        verdict("sm.ball.loss", "faster"),
        verdict("sm.ball.all", "holds"),
        verdict("sm.ball.sharp", "tight"),
        *(
            _row(
                f"n = {n}, d = {d}: L over its law in the end",
                near(1, within=0.005),
                _ball(n, d),
                lambda r: _last(r, "compensated_ball"),
            )
            for n in (3, 5)
            for d in (1, 3)
        ),
    ],
    text=(
        "The proved rate is s^-1/2. What happens is the law of a small ball: every eigenvalue "
        "of the covariance of the students falls to l/(1 + 8 l s/n), and the loss like s^-2 "
        "once s >> n/(8 l). The same holds for the averaged loss with c_4, the mean of e^-4t."
    ),
)

SMALL = Finding(
    "score_matching/small",
    "Exponentially small deviations",
    rows=[
        verdict("sm.small.all", "holds"),
        verdict("sm.small.rate", "faster"),
        verdict("sm.ball.sharp", "tight", version="descent"),
        _row(
            "running exponent in the end",
            near(-1.95, within=0.05),
            "",
            lambda r: _last(r, "running_exponent"),
        ),
    ],
    text=(
        "Theorem 3.2 asks for deviations of exp(-106 n d M^3)/(108 n d), 4.5e-3 for two "
        "students at M = .05. It holds with room to spare: what it takes is c < c*."
    ),
)


def _ahead(n: int, m: float) -> str:
    return f"model.students={n}, init.distance={m}"


NECESSITY = Finding(
    "score_matching/necessity",
    "One student ahead",
    rows=[
        *(
            _count(_ahead(n, m), exactly(n if m <= 2 else 1), f"n = {n}, M = {m:g}")
            for n in (2, 5)
            for m in (1.0, 2.0, 4.0, 6.0)
        ),
        *(_count(_ahead(n, 3.0), PLAIN, f"n = {n}, M = 3") for n in (2, 5)),
        verdict("sm.necessity", "holds", "does not apply"),
    ],
    text=(
        "The threshold that Theorem 3.4 leaves open lies between 2 and 3, for two students and "
        "for five."
    ),
)


def _nearest_converges(record: Watched) -> Float[np.ndarray, " R"]:
    distance = record.stage("descent")["distance"].values
    nearest = distance[:, 0].argmin(axis=1)
    return np.take_along_axis(distance[:, -1], nearest[:, None], axis=1)[:, 0] < 0.5


RANDOM = Finding(
    "score_matching/random",
    "Random starts far away",
    rows=[
        _row(
            "M = 1: students that converge",
            between(3, 5),
            "init.distance=1.0",
            lambda r: _last(r, "count"),
        ),
        _row(
            "M = 2: students that converge",
            between(1, 5),
            "init.distance=2.0",
            lambda r: _last(r, "count"),
        ),
        _row(
            "M = 3: students that converge",
            between(1, 3),
            "init.distance=3.0",
            lambda r: _last(r, "count"),
        ),
        *(
            _share_of_single(f"init.distance={m}", exactly(1), f"M = {m:g}")
            for m in (5.0, 10.0, 80.0)
        ),
        *(
            _row(
                f"M = {m:g}: share of runs in which the nearest at the start converges",
                exactly(1),
                f"init.distance={m}",
                lambda r: _nearest_converges(r).mean(),
            )
            for m in (1.0, 2.0, 3.0, 5.0, 10.0, 80.0)
        ),
        verdict("sm.random.one", "holds", of="init.distance=5.0", version="desk"),
    ],
    text=(
        "64 starts of five students from N(M, 1). From M = 5 on exactly one converges, always "
        "the one that started nearest; the theorem asks for M above 1e9 n^10."
    ),
)

PRINTED = Finding(
    "score_matching/printed",
    "Theorem 3.5 where it is printed to hold",
    rows=[
        verdict("sm.random.one", "holds", version="printed"),
        _share_of_single("", between(0.9997, 1, "1 - n^2 M^(-1/3) at least"), "M = 2e12, n = 2"),
        _row(
            "runs in which the two students are one double",
            PLAIN,
            "",
            lambda r: np.array([(_last(r, "count") == 2).sum()]),
        ),
    ],
    text=(
        "At M = 2e12 doubles are 2.4e-4 apart, and in two of 20,000 runs both students start at"
        " the same one: these stay together. In exact arithmetic they would part."
    ),
)

DIMENSION = Finding(
    "score_matching/dimension",
    "Any dimension",
    rows=[
        *(_share_of_single(f"model.dim={d}", exactly(1), f"d = {d}") for d in (1, 2, 3, 10, 50)),
        verdict("sm.random.one", "holds", "does not apply", version="desk"),
        verdict("sm.random.nearest", "tight", "does not apply"),
    ],
    text=(
        "Three students from N(M, I) at M = 8, by importance sampling of their span: one "
        "converges, at any d."
    ),
)


def _log_k(m: float, eta: float, n: int = 5, steps: int = 4000) -> float:
    """ln prod (1 + 4 eta A^2/n), A falling by the factor 1 - 2 eta/n a step."""
    a = m * (1 - 2 * eta / n) ** np.arange(steps)
    return float(np.log1p(4 * eta * a**2 / n).sum())


AMPLIFY = Finding(
    "score_matching/amplify",
    "How a clump grows",
    rows=[
        verdict("sm.clump.amplify", "tight"),
        *(
            _row(
                f"M = {m:g}, eta = {eta:g}: ln K in the end",
                near(_log_k(m, eta), within=1e-3),
                f"init.distance={m}, train.step_size={eta}",
                lambda r: _last(r, "log_amplification"),
            )
            for m in (1.0, 2.0)
            for eta in (0.01, 0.05)
        ),
    ],
    text=(
        "ln K is M^2 in the limit of small steps, and less at any step size: prod (1 + 4 eta "
        "A^2/n)."
    ),
)


def _boundary(record: Watched) -> Float[np.ndarray, " R"]:
    """How many cells of the map lie between the end of `all converge` and the line, at most."""
    data, theory = record.stage("map"), record.stage("theory")
    n, spread = record.config.model.students, data["spread"].values
    every = (data["converged"].values[:, -1] == n).sum(axis=2)
    line = np.interp(theory["boundary"].values, spread, np.arange(1, len(spread) + 1))
    inside = (every > 0) & (every < len(spread)) & (data["start_distance"].values >= 3)
    return np.where(inside, np.abs(every - line), 0).max(axis=1)


PHASE = Finding(
    "score_matching/phase",
    "Between all and one",
    rows=[
        verdict("sm.clump.phase", "holds"),
        *(
            _row(
                f"n = {n}: cells between the edge of the map and c = c*, M >= 3",
                below(1.5),
                f"model.students={n}",
                _boundary,
            )
            for n in (2, 3, 5)
        ),
        *(
            _row(
                f"n = {n}: agreement between M = 4, 5 and 6, mean over patterns",
                between(0.98, 1),
                f"model.students={n}",
                lambda r: _last(r, "agreement", "collapse").mean(),
            )
            for n in (2, 3, 5)
        ),
        *(
            _row(
                f"n = {n}: median c* of 16 patterns",
                PLAIN,
                f"model.students={n}",
                lambda r: np.median(r.stage("theory")["threshold"].values),
            )
            for n in (2, 3, 5)
        ),
    ],
    text=(
        "What the notes call open. On a map of distance and spread the edge of `all converge` "
        "is the line c = c*, along sixteen decades of sigma_0; c* belongs to the pattern and to"
        " the step size. At M = 3 the clump is too wide for the law where c is large (it starts"
        " wider than .01)."
    ),
)


def _averaged(m: float, weights: Sequence[float]) -> str:
    return f"init.distance={m}, noise.weights=[{','.join(f'{w:g}' for w in weights)}]"


EQUAL = (0.2,) * 5
MORE = (0.4, *(0.15,) * 4)
MOST = (0.6, *(0.1,) * 4)
NEARLY = (0.96, *(0.01,) * 4)

AVERAGE = Finding(
    "score_matching/average",
    "Averaging over noise levels",
    rows=[
        *(
            _count(_averaged(m, EQUAL), exactly(5), f"M = {m:g}, equal shares", "averaged")
            for m in (5.0, 6.0)
        ),
        *(
            _count(
                _averaged(m, EQUAL),
                exactly(5),
                f"M = {m:g}, equal shares",
                "averaged",
                why="four run away faster than the noisier levels pull: the notes had M = 6",
            )
            for m in (7.0, 8.0)
        ),
        *(
            _count(_averaged(m, shares), PLAIN, f"M = {m:g}, {shares[0]:g} at t = 0", "averaged")
            for shares in (MORE, MOST, NEARLY)
            for m in (5.0, 6.0, 7.0, 8.0)
        ),
        _row(
            "M = 6, equal shares: loss in the end",
            order(7.8e-8, factor=2),
            _averaged(6.0, EQUAL),
            lambda r: _loss(r, "averaged"),
        ),
        _row(
            "M = 6, equal shares: running exponent in the end",
            near(-2.2, within=0.2),
            _averaged(6.0, EQUAL),
            lambda r: _last(r, "running_exponent", "averaged"),
        ),
    ],
    text=(
        "Five levels, t = 0 to 2. What saves all students at M = 6 is not the noise as such: "
        "with .4 of the weight on t = 0 they are lost, and from M = 7 on with equal shares too."
    ),
)


def _levels(*t: float) -> str:
    return f"noise.t=[{','.join(str(x) for x in t)}]"


FINE, HALVES = [0.25 * i for i in range(9)], [0.5 * i for i in range(5)]

LEVELS = Finding(
    "score_matching/levels",
    "Levels that are too far apart",
    rows=[
        _count(_levels(*FINE), exactly(5), "levels .25 apart", "averaged"),
        _count(_levels(*HALVES), exactly(5), "levels .5 apart", "averaged"),
        _count(
            _levels(0.0, 1.0, 2.0),
            exactly(5),
            "levels 1 apart",
            "averaged",
            why="a local minimum: far at one level and near at the next, two pulls balance",
        ),
        _count(
            _levels(0.0, 2.0),
            exactly(5),
            "levels 2 apart",
            "averaged",
            why="a local minimum: far at t = 0 and near at t = 2, two pulls balance",
        ),
        _row(
            "levels 2 apart: loss in the end",
            PLAIN,
            _levels(0.0, 2.0),
            lambda r: _loss(r, "averaged"),
        ),
        _row(
            "levels 2 apart: running exponent in the end",
            near(0, within=1e-3),
            _levels(0.0, 2.0),
            lambda r: _last(r, "running_exponent", "averaged"),
        ),
    ],
    text=(
        "The notes expect a level with e^-t M below 2 and 10 % of the weight to be enough. It "
        "is not: two levels 2 apart have a minimum of their own, where one student is at the "
        "truth, the others 6.02 away, and the loss stays at .215."
    ),
)

TAIL = Finding(
    "score_matching/nine_decades",
    "Nine decades of the tail",
    rows=[
        verdict("sm.far.upper", "faster", "holds"),
        verdict("sm.random.lower", "faster", "holds"),
        verdict("sm.far.sharp", "tight"),
        verdict("sm.far.exponent", "tight"),
        *(
            _row(
                f"n = {n}: L s (r^2 - 16)/(16 (n - 1)) at s = 1e9",
                about(ratio, share=0.002),
                f"model.students={n}",
                lambda r: _last(r, "compensated_far", "flow"),
            )
            for n, ratio in ((2, 1.005), (5, 1.004))
        ),
        _row(
            "n = 2: running exponent at s = 1e9",
            near(-1 - 1 / math.log(1e9), within=0.005),
            "model.students=2",
            lambda r: _last(r, "running_exponent", "flow"),
        ),
    ],
    text=(
        "The loss falls by a logarithm faster than the proved 1/tau, and slower than any power "
        "1 + eps: an eps below 1/ln s = .048 could not be told from 0 at s = 1e9."
    ),
    picture=lambda records: [
        Chart(
            "L over its law",
            [
                Series(
                    key,
                    r.stage("flow")["time"].values[40:],
                    r.stage("flow")["compensated_far"].values[:, 40:],
                )
                for key, r in records.items()
            ],
            x="path length s",
            plain=True,
        )
    ],
    caption="The loss times s (r^2 - 16)/(16 (n - 1)), two students and five.",
)


def _estimates(key: str, name: str) -> Callable[[Records], object]:
    return lambda records: np.median(_last(records[key], name, "batches"), axis=0)


BATCH = "expectation.batch=2000"

BLINDNESS = Finding(
    "score_matching/blindness",
    "Where batches go blind",
    rows=[
        Row(
            "importance, B = 2,000: estimate over the loss, r = 4 to 12",
            near(1, within=0.02),
            _estimates(BATCH, "importance"),
        ),
        _row(
            "importance, B = 2,000: spread of one batch at r = 12",
            below(0.1),
            BATCH,
            lambda r: _last(r, "importance_sd", "batches")[:, -1],
        ),
        _row(
            "plain, B = 2,000: estimate over the loss at r = 4",
            near(1, within=0.05),
            BATCH,
            lambda r: np.median(_last(r, "plain", "batches")[:, 0]),
        ),
        _row(
            "plain, B = 2,000: estimate over the loss at r = 12",
            below(1e-3),
            BATCH,
            lambda r: np.median(_last(r, "plain", "batches")[:, -1]),
        ),
        _row(
            "plain, B = 20,000: estimate over the loss at r = 12",
            below(1e-2),
            "expectation.batch=20000",
            lambda r: np.median(_last(r, "plain", "batches")[:, -1]),
        ),
        _row(
            "plain, B = 2,000: spread of one batch at r = 6",
            PLAIN,
            BATCH,
            lambda r: _last(r, "plain_sd", "batches")[:, 1],
        ),
    ],
    text=(
        "Fifty batches a run. A plain batch is right while the loss is above 1/B, and sees "
        "nothing below."
    ),
)


def _way(kind: str, m: float) -> str:
    return f"expectation.kind={kind}, init.distance={m}"


SAMPLING = Finding(
    "score_matching/sampling",
    "Quadrature, importance, plain batches",
    rows=[
        *(
            _count(_way(kind, m), exactly(3 if m < 5 else 1), f"{kind}, M = {m:g}")
            for kind in ("quadrature", "importance", "monte_carlo")
            for m in (2.0, 6.0)
        ),
        _row(
            "plain, M = 6: loss of the last batch over the loss",
            PLAIN,
            _way("monte_carlo", 6.0),
            lambda r: np.exp(_last(r, "log_batch_loss") - _last(r, "log_loss")),
        ),
        _row(
            "importance, M = 6: loss of the last batch over the loss",
            near(1, within=0.3),
            _way("importance", 6.0),
            lambda r: np.exp(_last(r, "log_batch_loss") - _last(r, "log_loss")),
        ),
    ],
    text=(
        "Three students, batches of 1,000: as many converge, whatever the way; only the losses "
        "differ."
    ),
)


def _heaviest(record: Watched) -> tuple[str, ...]:
    chosen = _last(record, "survivor")
    return tuple("yes" if x == np.argmax(record.config.model.weights) else "no" for x in chosen)


WEIGHTED = ("[0.34,0.33,0.33]", "[0.5,0.3,0.2]", "[0.8,0.1,0.1]")

WEIGHTS = Finding(
    "score_matching/weights",
    "Unequal weights",
    rows=[
        *(_count(f"model.weights={w}", exactly(1), f"weights {w}") for w in WEIGHTED),
        *(
            _row(
                f"weights {w}: the heaviest survives",
                one_of("yes"),
                f"model.weights={w}",
                _heaviest,
            )
            for w in WEIGHTED
        ),
    ],
    text=(
        "Weights part a clump at zero order: a difference of .01 decides who survives, not the "
        "pattern."
    ),
)

FINDINGS = [
    DEFAULT,
    PAPER,
    PHASE,
    AMPLIFY,
    RANDOM,
    PRINTED,
    DIMENSION,
    NECESSITY,
    SMALL,
    BALL,
    TAIL,
    AVERAGE,
    LEVELS,
    BLINDNESS,
    SAMPLING,
    WEIGHTS,
]
