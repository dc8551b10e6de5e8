"""Claims without a transient and short horizons, in small; and a part that is run alone."""

from __future__ import annotations

import json

import pytest

from benchmarks.calibration.__main__ import ALONE, PAGE, RECORD, with_section
from benchmarks.calibration.declared import KINDS, Declared, Kind, count
from benchmarks.calibration.few import of_declared, of_short
from benchmarks.calibration.mixtures import Noise
from benchmarks.calibration.report import section
from benchmarks.calibration.short import FALSE, TRUE, Short
from benchmarks.calibration.short import count as count_short

ELEVEN, DENSE = "11 sizes to 1,024", "all sizes to 1,024"
NAMED = {kind.name: kind for kind in KINDS}


@pytest.mark.parametrize("kind", [k for k in KINDS if k.truth == "true"], ids=lambda k: k.name)
def test_what_does_not_grow_is_not_contradicted(kind: Kind) -> None:
    noises = [(ELEVEN, 5, Noise(0.05, 0.9)), (ELEVEN, 1, Noise(0.2)), (ELEVEN, 20, Noise(0.01))]
    found = [count(kind, *place, 20, [1, i]) for i, place in enumerate(noises)]
    assert sum(x.contradicted for x in found) <= 1


def test_a_log_of_the_number_of_sizes_is_seen_by_five_runs() -> None:
    for grid in (ELEVEN, DENSE):
        assert count(NAMED["1 + .38 log k"], grid, 5, Noise(0.01), 20, [2]).contradicted == 20


def test_the_mean_would_show_more_and_err_more_before_three_and_a_half_decades() -> None:
    square, plateau = FALSE[1], next(f for f in TRUE if f.name.startswith("plateau"))
    for family in (square, plateau):
        found = count_short(family, 1_000, 5, Noise(0.2, 0.9, common=True), 60, [3])
        assert found.pooled > found.contradicted


def test_the_page_tells_what_is_on_record() -> None:
    record, page = json.loads(RECORD.read_text()), PAGE.read_text()
    free = [Declared.from_json(row) for row in record["declared"]]
    few = [Short.from_json(row) for row in record["short"]]
    assert section(ALONE["declared"][0], of_declared(free)) in page
    assert section(ALONE["short"][0], of_short(few)) in page


def test_of_true_ones_on_record_at_most_one_in_a_hundred_is_contradicted() -> None:
    rows = [Declared.from_json(row) for row in json.loads(RECORD.read_text())["declared"]]
    for kind in NAMED.values():
        mine = [row for row in rows if row.kind == kind.name]
        share = sum(x.contradicted for x in mine) / sum(x.experiments for x in mine)
        assert share <= 0.01 or kind.truth != "true"
    asked = [x for x in rows if x.kind == "1 + .38 log k" and x.runs == 5 and x.noise.sd == 0.01]
    asked = [x for x in asked if not x.grid.startswith("6")]
    assert all(x.contradicted >= 0.9 * x.experiments for x in asked)


def test_a_section_takes_the_place_of_its_old_one_and_leaves_the_others() -> None:
    page = "# A\n\nx\n\n## B\n\ny\n\n## Systems whose rate is a theorem\n\nz\n"
    longer = with_section(page, "C", section("C", ["new"]))
    assert longer.index("## C") < longer.index("## Systems")
    assert with_section(longer, "C", section("C", ["new"])) == longer
    assert with_section(page, "B", section("B", ["y"])) == page
