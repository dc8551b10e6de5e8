"""Machine code is compiled anew where what is in it changed, and said where a person waits."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import textwrap
from pathlib import Path

KERNEL = """
from ntp_dynamics.system.compiled import compiled
from lib.parts.part import part

@compiled()
def kernel(x):
    return part(x)
"""
PART = """
from ntp_dynamics.system.compiled import compiled

@compiled()
def part(x):
    return x + {number}
"""
ASK = """
from lib.kernels.kernel import kernel
print(kernel(1), sum(kernel.stats.cache_hits.values()), kernel.py_func.__qualname__)
"""


def written(directory: Path, number: int) -> None:
    """A kernel, and a function of another folder that becomes part of it."""
    for file, text in (("kernels/kernel.py", KERNEL), ("parts/part.py", PART)):
        path = directory / "lib" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(number=number))


def asked(directory: Path) -> list[str]:
    """Value, hits of the cache and name of the kernel in a new process."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(directory / "cache")}
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_kernel_is_kept_until_a_part_of_it_in_another_folder_changes(tmp_path: Path) -> None:
    written(tmp_path, 1)
    first, again = asked(tmp_path), asked(tmp_path)
    assert (first[:2], again[:2]) == (["2", "0"], ["2", "1"])
    assert first[2] == again[2]
    written(tmp_path, 20)
    assert asked(tmp_path)[:2] == ["21", "0"]


def said_on_a_terminal(code: str) -> str:
    """What a program says on a stderr that is a terminal."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], stderr=theirs, check=True)
        os.write(theirs, b"end")
        return os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_on_a_terminal_it_is_said_once_that_kernels_compile() -> None:
    found = said_on_a_terminal("""
        from ntp_dynamics.system import compiled
        from numba import njit
        compiled.PATIENCE = 0.0
        for _ in range(2):
            njit(lambda x: x + 1)(1)
    """)
    assert found.count("compiling kernels") == 1


def test_nobody_hears_of_what_is_compiled_at_once() -> None:
    found = said_on_a_terminal("""
        from ntp_dynamics.system import compiled
        from numba import njit
        compiled.PATIENCE = 1e6
        njit(lambda x: x + 1)(1)
    """)
    assert found == "end"
