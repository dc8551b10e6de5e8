"""Data flows one way: each floor imports only floors above it, and lab/ knows no transformer."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ntp_dynamics"

FLOORS = [
    ["axes", "study"],
    ["stepping"],
    ["config"],
    ["conflicts"],
    ["data"],
    ["theory"],
    ["model"],
    ["optim"],
    ["observe"],
    ["size", "training"],
    ["job"],
    ["phases"],
    ["rehearsal"],
    ["record"],
    ["figures", "outcome", "drops", "dashboard", "mirror"],
    ["run"],
    ["config_files"],
    ["mistakes"],
    ["compose"],
    ["composer", "sweeps"],
    ["api", "show", "help", "start"],
    ["multirun", "review"],
    ["launch"],
    ["cli"],
    ["__main__", "__init__"],
]
RANK = {name: i for i, floor in enumerate(FLOORS) for name in floor}
MODULES = sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> str:
    """The floor a file stands on."""
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Floors a file imports, lazily or not."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            modules = [node.module]
            if node.module == "ntp_dynamics":
                modules = [f"ntp_dynamics.{a.name}" for a in node.names if a.name != "__version__"]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        names |= {m.split(".")[1] for m in modules if m.startswith("ntp_dynamics.")}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_the_floors_above_it(path: Path) -> None:
    here, seen = place(path), imported(path)
    if here == "lab":
        assert seen <= {"lab", "axes"}, "lab/ is shared by other studies"
    else:
        below = {m for m in seen - {"lab", here} if RANK[m] >= RANK[here]}
        assert not below


def test_the_guard_sees_an_import_that_runs_against_the_flow(tmp_path: Path) -> None:
    wrong = tmp_path / "x.py"
    wrong.write_text("def f():\n    from ntp_dynamics.run import run_job\n    return run_job\n")
    assert imported(wrong) == {"run"}


def test_importing_the_package_stays_light() -> None:
    heavy = {"torch", "xarray", "pandas", "matplotlib", "scipy", "hydra", "netCDF4", "rich"}
    code = f"import ntp_dynamics, sys; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_training_imports_nothing_it_does_not_use() -> None:
    """An optimiser of torch would pull in its compiler; xarray and matplotlib wait for records."""
    heavy = {"torch._dynamo", "matplotlib", "xarray", "pandas", "netCDF4"}
    modules = "ntp_dynamics.launch, ntp_dynamics.run, sys"
    code = f"import {modules}; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_trajectories_are_opened_in_one_place() -> None:
    """Where the lock is held that HDF5 needs."""
    openers = ("netCDF4.Dataset", "open_datatree", "open_dataset", "to_netcdf")
    found = {p.name for p in MODULES if any(x in p.read_text(encoding="utf-8") for x in openers)}
    assert found == {"trees.py"}


def test_files_stay_small() -> None:
    long = {str(p): n for p in MODULES if (n := len(p.read_text().splitlines())) > 320}
    assert not long
