"""Running tests on a mutated copy of the tree, a forked process each.

Heavy packages are imported once, before the first fork; the project itself never is.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.mutants.mutate import Mutant

HEAVY = """
    hypothesis numba scipy.optimize scipy.sparse.csgraph scipy.stats torch xarray netCDF4 piqp
    pandas pydantic hydra mpmath rich.progress einops jaxtyping pytest
"""
COPIED = ("ntp_dynamics", "hydra_plugins", "conf", "tests", "benchmarks", "pyproject.toml")
ROOT = Path(__file__).parents[2]
WIDE = "ntp_dynamics/studies/next_token/model/__pycache__"
"""Where machine code of the kernels is kept."""


class Trees:
    """Copies of the tree, each for one trial at a time, mended from an untouched one."""

    def __init__(self, place: Path):
        self.place = place
        self.whole = place / "whole"
        ignored = shutil.ignore_patterns("__pycache__")
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.whole / name, ignore=ignored)
            else:
                shutil.copy2(source, self.whole / name)

    def copy(self, name: str) -> Path:
        return shutil.copytree(self.whole, self.place / name)

    def mend(self, tree: Path, file: str) -> None:
        """Put a file back as it was, and the machine code."""
        shutil.copy2(self.whole / file, tree / file)
        shutil.rmtree(tree / WIDE, ignore_errors=True)
        if (self.whole / WIDE).is_dir():
            shutil.copytree(self.whole / WIDE, tree / WIDE)


def import_heavy() -> None:
    for name in HEAVY.split():
        importlib.import_module(name)


def fork(work: Callable[[], int], tree: Path, out: Path, keep_code: bool) -> int:
    """Do some work in a process of its own, at home in the tree; its id."""
    if pid := os.fork():
        return pid
    try:
        os.setsid()
        with out.open("wb") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
        os.chdir(tree)
        os.environ["PYTHONPATH"] = str(tree)
        sys.dont_write_bytecode = not keep_code
        sys.path[:] = [str(tree), *(p for p in sys.path if p and Path(p) != ROOT)]
        code = work()
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    os._exit(code)


def pytest_on(tests: Sequence[str]) -> Callable[[], int]:
    def work() -> int:
        import pytest

        early = "ignore::pytest.PytestAssertRewriteWarning"  # plugins are imported already
        options = ["-x", "--tb=line", "-p", "no:cacheprovider", "-W", early]
        return int(pytest.main([*options, *tests]))

    return work


class Trial:
    """Tests on one mutant: it is killed by a failure, a crash, or by never ending."""

    def __init__(
        self, mutant: Mutant, trees: Trees, tree: Path, work: Callable[[], int], limit: float
    ):
        self.mutant, self.trees, self.tree = mutant, trees, tree
        path = tree / mutant.file
        path.unlink()
        path.write_text(mutant.source)
        self.out = tree / "out.txt"
        self.started = time.monotonic()
        self.limit = limit
        self.pid = fork(work, tree, self.out, keep_code=False)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def answer(self) -> str | None:
        """survived, killed or timeout; None while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid and self.seconds < self.limit:
            return None
        if not pid:
            self.stop()
        self.trees.mend(self.tree, self.mutant.file)
        if not pid:
            return "timeout"
        return "survived" if os.waitstatus_to_exitcode(status) == 0 else "killed"

    def stop(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
