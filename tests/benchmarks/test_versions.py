"""What the oldest versions are."""

import tomllib

import pytest

from benchmarks.versions import ROOT, TESTS, floors, requirements
from ntp_dynamics.config.hydra_private import ALLOWED

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_oldest_version_is_the_floor_and_markers_stay() -> None:
    asked = ["a-b>=1.2", "c>=1.0rc3,<2; python_version >= '3.14'"]
    assert floors(asked) == ["a-b==1.2", "c==1.0rc3; python_version >= '3.14'"]
    with pytest.raises(ValueError, match="'d<2' has no floor"):
        floors(["d<2"])


def test_every_requirement_has_a_floor_and_what_is_run_exists() -> None:
    required = requirements(PROJECT)
    assert len(floors(required)) == len(required)
    assert [test for test in TESTS if not (ROOT / test).exists()] == []


def test_what_make_sets_up_is_allowed_and_told_of_no_machine() -> None:
    pinned = [
        line.partition(";")[0].strip()
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    versions = dict(line.split("==") for line in pinned)
    named = {name.lower().replace("_", "-") for name in versions}
    asked = {floor.partition("==")[0].lower() for floor in floors(requirements(PROJECT))}
    assert asked - named == set()
    assert [line for line in pinned if {"+", "/", "@", " "} & set(line)] == []


def test_the_line_about_a_hydra_names_the_versions_that_pyproject_allows() -> None:
    assert any(requirement.partition(";")[0] == ALLOWED for requirement in PROJECT["dependencies"])
