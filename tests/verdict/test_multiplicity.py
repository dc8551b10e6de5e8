"""Holm and Benjamini-Hochberg against tables worked by hand."""

import numpy as np
import pytest

from ntp_dynamics.verdict.multiplicity import adjust
from ntp_dynamics.verdict.verdict import Verdict


def record(p, label="contradicted"):
    return {"label": label, "p_contradicted": p}


def test_a_table_of_four_agrees_with_the_hand_computation():
    found = adjust([record(0.04), record(0.005), record(0.03), record(0.02)])
    # sorted .005 .02 .03 .04: Holm x4 x3 x2 x1, running maximum; BH x4/1 x4/2 x4/3 x4/4, minimum
    np.testing.assert_allclose(found.p_holm, [0.06, 0.02, 0.06, 0.06])
    np.testing.assert_allclose(found.p_bh, [0.04, 0.02, 0.04, 0.04])
    assert found.contradicted.tolist() == [False, True, False, False]
    assert found.mapped.all()


def test_verdicts_that_looked_for_no_contradiction_are_no_part_of_the_family():
    found = adjust([record(0.04), record(None, "vacuous"), record(np.nan, "holds")])
    assert found.p_holm[0] == 0.04
    assert np.isnan(found.p_holm[1:]).all()
    assert found.contradicted.tolist() == [True, False, False]


def test_consistent_cells_enlarge_the_family_and_are_never_contradicted():
    found = adjust([record(0.04), record(0.9, "tight"), record(0.01, "inconclusive")])
    assert found.p_holm[0] == pytest.approx(0.08)
    assert not found.contradicted.any()
    assert found.weakest == 2


def test_a_broken_bound_survives_any_table():
    verdicts = [Verdict("ok", bound="violated", p_contradicted=0.0)]
    verdicts += [Verdict("ok", rate="consistent", p_contradicted=1.0)] * 10_000
    found = adjust(verdicts)
    assert found.contradicted[0]
    assert found.counts == {"contradicted": 1, "holds": 10_000}


def test_inconclusive_cells_are_counted():
    found = adjust([record(None, "inconclusive")] * 3 + [record(1.0, "faster")])
    assert found.counts == {"inconclusive": 3, "faster": 1}


def test_an_empty_sweep_has_no_weakest_cell():
    found = adjust([])
    assert found.weakest is None
    assert found.counts == {}


def test_a_contradiction_without_its_p_value_is_refused():
    with pytest.raises(ValueError, match="p_contradicted"):
        adjust([record(None)])
