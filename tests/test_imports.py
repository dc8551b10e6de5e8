"""Data flows one way: each room imports only rooms above it, and none outside names a study."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

import ntp_dynamics as ntp

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ntp_dynamics"
STUDIES = sorted(path.name for path in (PACKAGE / "studies").iterdir() if path.is_dir())
STUDIES = [name for name in STUDIES if not name.startswith("_")]

ROOMS = [
    ["axes", "system"],
    ["verdict", "curves"],
    ["view"],
    ["study"],
    ["studies"],
    ["config"],
    ["record"],
    ["observe"],
    ["draw"],
    ["track"],
    ["run"],
    ["report", "dashboard", "judging"],
    ["launch", "api"],
    ["cli"],
    ["__main__", "__init__"],
]
"""Rooms of the lab, the upper ones first.  `studies` is the finder; a study may use every room down
to `observe` and `draw`, a command of its own `cli`, and a door of its own `run`."""
BEYOND = {"commands.py": {"cli"}, "door.py": {"run"}}
FOR_A_STUDY = {"axes", "system", "verdict", "view", "study", "config", "record", "observe", "draw"}
RANK = {name: i for i, floor in enumerate(ROOMS) for name in floor}
MODULES = sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> str:
    """The room a file stands in; a file of a study names the study."""
    parts = path.relative_to(PACKAGE).parts
    if parts[0] == "studies" and len(parts) > 2:
        return f"studies.{parts[1]}"
    return parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Rooms and studies that a file imports, lazily or not."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            modules = [node.module]
            if node.module in ("ntp_dynamics", "ntp_dynamics.studies"):
                own = [a.name for a in node.names if not a.name.startswith("__")]
                modules = [f"{node.module}.{name}" for name in own]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            room, _, rest = module.partition("ntp_dynamics.")[2].partition(".")
            study = rest.partition(".")[0]
            if room:
                names.add(f"{room}.{study}" if room == "studies" and study in STUDIES else room)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_the_rooms_above_it(path: Path) -> None:
    here, seen = place(path), imported(path)
    if here == "studies":  # what the package offers of them, for type checkers
        seen = {room for room in seen if not room.startswith("studies.")}
    if here.startswith("studies."):
        rooms = FOR_A_STUDY | BEYOND.get(path.name, set())
        assert seen <= rooms | {here}
    else:
        assert not {room for room in seen - {here} if RANK.get(room, 99) >= RANK[here]}


def for_type_checkers(node: ast.AST) -> bool:
    """Whether nothing of it is imported by a program that runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def used(source: str, modules: Collection[str]) -> set[str]:
    """The modules that a module imports, lazily or not, but for type checkers."""
    found, nodes = set(), [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in modules else str(node.module) for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        nodes += [x for x in ast.iter_child_nodes(node) if not for_type_checkers(x)]
    return found & set(modules)


def circles(sources: Mapping[str, str]) -> list[str]:
    """One circle of modules for each way back that a walk from above finds."""
    imports = {name: used(source, sources) for name, source in sources.items()}
    done: set[str] = set()
    found: list[str] = []

    def visit(name: str, way: list[str]) -> None:
        if name in way:
            found.append(" -> ".join([*way[way.index(name) :], name]))
        elif name not in done:
            for below in sorted(imports[name]):
                visit(below, [*way, name])
            done.add(name)

    for name in sorted(sources):
        visit(name, [])
    return found


def test_no_modules_import_one_another_in_a_circle() -> None:
    names = [".".join(p.relative_to(PACKAGE.parent).with_suffix("").parts) for p in MODULES]
    every = {
        name.removesuffix(".__init__"): path.read_text(encoding="utf-8")
        for name, path in zip(names, MODULES, strict=True)
    }
    assert circles(every) == []


def test_a_circle_is_seen_also_where_one_of_its_imports_is_lazy() -> None:
    lazy = "def f():\n    from p import a\n"
    typed = "if TYPE_CHECKING:\n    from p.a import A\nelse:\n    from p.c import C\n"
    sources = {"p": "", "p.a": "import p.b", "p.b": lazy, "p.c": "from p.d import D", "p.d": typed}
    assert circles(sources) == ["p.a -> p.b -> p.a"]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_outside_studies_names_a_study(path: Path) -> None:
    if not place(path).startswith("studies"):
        text = path.read_text(encoding="utf-8")
        assert not [name for name in STUDIES if names(text, name)]


ORDINARY = {"watch"}
"""Names of studies that are words of the lab as well: told as a module, a value or an override."""


def names(text: str, study: str) -> bool:
    """Whether a text names a study."""
    as_name = rf"studies[./]{study}\b|study=[\"']?{study}\b|[\"']{study}[\"']"
    return bool(re.search(as_name if study in ORDINARY else study, text))


def test_the_guard_tells_the_name_of_a_study_from_a_word() -> None:
    assert names("from ntp_dynamics.studies.watch.door import watch", "watch")
    assert names('config.study == "watch"', "watch")
    assert names("as next_token has it", "next_token")
    assert not names("def watch(self, stage: str)", "watch")


def test_the_guard_sees_an_import_that_runs_against_the_flow(tmp_path: Path) -> None:
    wrong = tmp_path / "x.py"
    wrong.write_text("def f():\n    from ntp_dynamics.run.job import run_job\n    return run_job\n")
    assert imported(wrong) == {"run"}


def test_the_package_offers_what_its_stub_says() -> None:
    names = {"Claim", "Corpus", "Law", "Record", "UserError", "UserErrors", "check", "judge"}
    names |= {"judge_curve", "load_run", "load_sweep", "observable", "train", "watch"}
    assert set(ntp.__all__) == names == set(dir(ntp)) - {"__version__"}
    assert all(getattr(ntp, name).__name__ == name for name in names)
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        ntp.no_such_name  # noqa: B018


def test_importing_the_package_stays_light() -> None:
    heavy = {"torch", "xarray", "pandas", "matplotlib", "scipy", "hydra", "netCDF4", "rich"}
    code = f"import ntp_dynamics, sys; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_training_imports_nothing_it_does_not_use() -> None:
    """An optimiser of torch would pull in its compiler; xarray and matplotlib wait for records."""
    heavy = {"torch._dynamo", "matplotlib", "xarray", "pandas", "netCDF4"}
    modules = "ntp_dynamics.launch.command, ntp_dynamics.run.job, sys"
    code = f"import {modules}; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_trajectories_are_opened_in_one_place() -> None:
    """Where the lock is held that HDF5 needs, or in a process that does nothing else."""
    openers = ("netCDF4.Dataset", "open_datatree", "open_dataset", "to_netcdf")
    found = {p.name for p in MODULES if any(x in p.read_text(encoding="utf-8") for x in openers)}
    assert found == {"trees.py", "apart_process.py", "hdf5.py"}


def test_files_stay_small() -> None:
    long = {str(p): n for p in MODULES if (n := len(p.read_text().splitlines())) > 320}
    assert not long
