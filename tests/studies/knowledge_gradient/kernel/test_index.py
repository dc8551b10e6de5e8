"""Indices are the golden ones in all digits; formed as differences they are not."""

import numpy as np
import pytest

from ntp_dynamics.studies.knowledge_gradient.kernel import index
from ntp_dynamics.studies.knowledge_gradient.kernel.feasible import improved_feasible

VARIANTS = {"ikg_plain": 0, "ikg_integral": 1, "ikg_variance_only": 2}


def arrays(case):
    return (np.array(case[name], dtype=float) for name in ("mean", "variance", "pulls"))


def improved(case, variant):
    m, v, t = arrays(case)
    out = np.empty(len(m))
    index.improved(m, v, t, case["epsilon"], variant, out)
    return out


@pytest.mark.parametrize("name", VARIANTS)
def test_improved_indices_and_their_argmax_are_golden(golden, name):
    for case in golden["index"]:
        out = improved(case, VARIANTS[name])
        np.testing.assert_allclose(out, case["log_index"][name], rtol=1e-12, atol=1.2e-9)
        assert out.argmax() == case["log_index"]["argmax"][name]


def test_knowledge_gradients_and_their_argmax_are_golden(golden):
    for case in golden["index"]:
        m, v, t = arrays(case)
        out = np.empty(len(m))
        index.gradient(m, v, t, out)
        np.testing.assert_allclose(out, case["log_index"]["kg"], rtol=1e-12, atol=1e-9)
        assert out.argmax() == case["log_index"]["argmax"]["kg"]


def test_indices_of_thresholds_are_golden(golden):
    for case in golden["index_feasible"]:
        m, v, t = arrays(case)
        threshold = np.array(case["threshold"])
        for name in ("ikg_plain", "ikg_integral"):
            rows = zip(m, v, t, strict=True)
            found = [improved_feasible(*row, threshold, VARIANTS[name]) for row in rows]
            np.testing.assert_allclose(found, case["log_index"][name], rtol=1e-12)


def direct(case):
    """Plain indices of the arms but the best, as a paper writes them: log(e - E)."""
    m, v, t = arrays(case)
    b = m.argmax()
    with np.errstate(divide="ignore"):
        d, now = (m - m[b] + case["epsilon"]) ** 2, v / t + v[b] / t[b]
        then = v / (t + 1) + v[b] / t[b] + v / (t + 1) ** 2
        return np.delete(np.log(np.exp(-d / (2 * now)) - np.exp(-d / (2 * then))), b)


def test_a_difference_of_exponentials_fails_at_a_hundred_thousand_pulls(golden):
    """Planted: where n C > 700 it is 0 - 0."""
    cases = {max(case["pulls"]): case for case in golden["index"]}
    small, large = cases[5.0], cases[100_000.0]
    for case, kept in ((small, True), (large, False)):
        said = np.delete(case["log_index"]["ikg_plain"], np.argmax(case["mean"]))
        assert np.allclose(direct(case), said, rtol=1e-9) == kept


def test_a_difference_of_denominators_loses_the_digits_that_a_product_keeps():
    """Planted: q = (D/2) (1/(B + g) - 1/A), whose exact value has 100 digits."""
    from fractions import Fraction

    for t, lost in ((500.0, 1e-12), (50_000.0, 1e-8)):
        d, s2, a = 0.25, 1.0, 2 / t
        exact = Fraction(1, 8) * Fraction(s2) / Fraction(t) / (Fraction(t) + 1) ** 2
        a_exact = Fraction(2) / Fraction(t)
        fall = Fraction(s2) / (Fraction(t) * (Fraction(t) + 1) ** 2)
        exact = float(Fraction(d) / 2 * fall / (a_exact * (a_exact - fall)))
        wrong = d / 2 * (1 / (1 / t + 1 / (t + 1) + 1 / (t + 1) ** 2) - 1 / a)
        assert index.shrinkage(d, a, s2, t, index.PLAIN) == pytest.approx(exact, rel=1e-14)
        assert abs(wrong / exact - 1) > lost


@pytest.mark.parametrize("seed", range(20))
def test_the_arm_is_that_of_the_largest_log_index(seed):
    random = np.random.default_rng(seed)
    k = int(random.integers(2, 9))
    m, v = random.normal(size=k), random.uniform(0.1, 9, size=k)
    t = random.integers(1, 3000, size=k).astype(float)
    out, st = np.empty(k), np.sqrt(v / (t * (t + 1)))
    index.gradient(m, v, t, out)
    assert index.gradient_arm(m, np.log(st), st) == out.argmax()
    for variant in VARIANTS.values():
        index.improved(m, v, t, 0.0, variant, out)
        b = int(m.argmax())
        pairs = list(zip(v, t, strict=True))
        rows = [
            index.terms((m[j] - m[b]) ** 2, v[j] / t[j] + v[b] / t[b], pairs[j], pairs[b], variant)
            for j in range(k)
        ]
        own, parts, power = np.array(rows).T.copy()
        assert index.improved_arm(own, parts, power, b) == out.argmax()


def test_the_margin_is_that_of_the_two_largest(golden):
    case = golden["index"][0]
    m, v, t = arrays(case)
    found = index.margins(m[None], v, t[None], 0.0, index.PLAIN)
    top = np.sort(case["log_index"]["ikg_plain"])[-2:]
    assert found[0] == pytest.approx(top[1] - top[0], rel=1e-12)
