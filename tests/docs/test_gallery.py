"""Claims of others whose truth is known: no answer is wrong but where its file says why."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from functools import cache
from math import isclose

import numpy as np
import pytest
from mpmath import mpf, riemannr

from benchmarks.gallery import FOLDER, PAGE, Row, cells, load, names, rows

NAMES = names()


@cache
def judged(name: str) -> tuple[Row, ...]:
    return tuple(rows(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_is_wrong_unless_its_file_says_why(name: str) -> None:
    for row in judged(name):
        assert (row.agreement == "WRONG") == bool(row.misjudged), row.judged.sentence


@pytest.mark.parametrize("name", NAMES)
def test_what_is_undecided_says_what_would_settle_it(name: str) -> None:
    for row in judged(name):
        if row.agreement == "undecided":
            assert row.found
            assert row.judged.exit_code == 3


def test_most_claims_are_decided_and_both_kinds_are_many() -> None:
    every = [row for name in NAMES for row in judged(name)]
    count = Counter(row.agreement for row in every)
    assert len(NAMES) >= 34
    assert count["WRONG"] <= 2
    assert 0.85 <= count["agrees"] / len(every) < 1
    for truth in (True, False):
        assert sum(row.truth == truth and row.agreement == "agrees" for row in every) >= 30


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_short_and_says_what_it_claims_where_from_and_why(name: str) -> None:
    module, text = load(name), (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert len(module.CLAIMS) == len(module.TRUTH)
    assert module.__doc__
    assert re.search(r"\b[Tt]rue|[Ff]alse\b", module.__doc__)
    for claim in module.CLAIMS:
        assert claim["text"]
        assert claim["source"]


LATE = [name for name in NAMES if hasattr(load(name), "SINCE")]


@pytest.mark.parametrize("name", LATE)
def test_a_claim_that_fails_late_holds_until_the_place_that_is_named(name: str) -> None:
    module = load(name)
    t, y = module.curve()
    bound = judged(name)[0].judged.log_bound
    fails = np.r_[False, np.diff(y) > 0] if bound is None else np.log(y) > bound.ravel() + 1e-9
    assert t[np.argmax(fails)] == module.SINCE > 200


def test_the_page_shows_these_answers() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("| [")]
    shown = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]
    every = [cells(row) for name in NAMES for row in judged(name)]
    assert [row[:7] for row in shown] == [row[:7] for row in every]


def test_a_file_runs_by_itself() -> None:
    shell = [sys.executable, str(FOLDER / "chebyshev_bias.py")]
    done = subprocess.run(shell, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "the bound is broken" in done.stdout
    assert "26,861" in done.stdout


def test_the_counts_of_primes_are_those_that_riemanns_function_predicts() -> None:
    """Within sqrt(x) / log x, times 0.45 at most."""
    for k, count in zip(range(5, 28), load("legendre").COUNTS, strict=True):
        assert abs(riemannr(mpf(10) ** k) - count) < 0.6 * 10 ** (k / 2) / (k * np.log(10))


def test_the_discrepancy_of_van_der_corput_is_that_of_its_points() -> None:
    t, y = load("van_der_corput").curve()
    worst = 0.0
    for n in range(1, 65):
        bits = ((np.arange(n)[:, None] >> np.arange(8)) & 1) / 2.0 ** np.arange(1, 9)
        x, i = np.sort(bits.sum(axis=1)), np.arange(1, n + 1)
        worst = max(worst, n * max(np.max(i / n - x), np.max(x - (i - 1) / n)))
        if n in t:
            assert isclose(y[t == n].item(), worst)


def test_returns_in_space_tend_to_watsons_number() -> None:
    """The rest of the sum from n on is asymptotically 4 (3 / (4 pi))^(3/2) / sqrt n."""
    t, y = load("polya_space").curve()
    rest = 4 * (3 / (4 * np.pi)) ** 1.5 / np.sqrt(t[-1])
    assert isclose(y[-1] + rest, 1.5163860591, rel_tol=1e-5)
