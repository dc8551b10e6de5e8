"""What `make mutants` flips."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.mutants.areas import AREAS, NAMED, drawn, named
from benchmarks.mutants.mutate import Mutant, mutants

ROOT = Path(__file__).parents[2]
SOURCE = '''\
"""Words."""
STAGE = (*ASSUMPTION, ZERO_INIT)


def f(x: Float[3], y=2) -> int:
    """3 words."""
    if x < y and not x:
        raise ValueError(f"{x + 1} is too small")
    return Claim(min(x, -y), t_min=0.5, law=1e-9)
'''


def flips(source: str) -> set[str]:
    """The lines that a mutant changes, as they read then."""
    before = set(ast.unparse(ast.parse(source)).splitlines())
    after = [set(ast.unparse(ast.parse(m.source)).splitlines()) for m in mutants("f", source)]
    assert all(len(lines - before) == 1 for lines in after)
    return {line.strip() for lines in after for line in lines - before}


def test_constants_signs_comparisons_and_hypotheses_are_flipped_and_no_words() -> None:
    assert flips(SOURCE) == {
        "STAGE = (ZERO_INIT,)",
        "STAGE = (*ASSUMPTION,)",
        "def f(x: Float[3], y=3) -> int:",
        "if x < y or not x:",
        "if x <= y and (not x):",
        "if x > y and (not x):",
        "if x < y and x:",
        "return Claim(max(x, -y), t_min=0.5, law=1e-09)",
        "return Claim(min(x, y), t_min=0.5, law=1e-09)",
        "return Claim(min(x, -y), t_min=1.0, law=1e-09)",
        "return Claim(min(x, -y), law=1e-09)",
        "return Claim(min(x, -y), t_min=0.5, law=1e-05)",
    }


@pytest.fixture(scope="module")
def sample() -> list[Mutant]:
    return [mutant for area in AREAS for mutant in drawn(ROOT, area)]


def test_the_sample_is_always_the_same_and_no_two_mutants_are(sample: list[Mutant]) -> None:
    recogniser = next(area for area in AREAS if area.name == "recogniser")
    assert set(drawn(ROOT, recogniser)) <= set(sample)
    assert len({m.id for m in sample}) == len({(m.file, m.source) for m in sample}) == len(sample)
    assert len(sample) >= 300


def test_every_file_has_mutants_that_compile_and_tests_that_exist(sample: list[Mutant]) -> None:
    tests = {file: given for area in AREAS for file, given in area.tests.items()}
    assert {m.file for m in sample} == set(tests)
    for mutant in sample:
        compile(mutant.source, mutant.file, "exec")
    assert all((ROOT / test).is_file() for given in tests.values() for test in given)


def test_the_nine_wrong_transcriptions_are_among_them() -> None:
    assert [m.id for m in named(ROOT)] == [*NAMED]
    assert len(NAMED) == 9
