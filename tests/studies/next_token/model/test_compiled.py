"""Machine code that is kept is that of the sources as they are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from numba.core.registry import CPUDispatcher

from ntp_dynamics.studies.next_token.model import columns, compiled, dense, joint, kernel
from ntp_dynamics.studies.next_token.optim import closed_form
from ntp_dynamics.system import counter

MODEL = Path(compiled.__file__).parent
KERNELS = [
    columns.advance_columns,
    dense.advance_dense,
    joint.advance_joint,
    kernel.advance,
    closed_form.climb,
    closed_form.softplus_each,
]


def inlined(function: Any) -> set[Path]:
    """The files of all compiled functions that a function is made of."""
    found: set[Path] = set()
    seen: set[Any] = set()
    waiting = [function]
    while waiting:
        one = waiting.pop().py_func
        if one not in seen:
            seen.add(one)
            found.add(Path(one.__code__.co_filename))
            named = (one.__globals__.get(name) for name in one.__code__.co_names)
            waiting += [x for x in named if isinstance(x, CPUDispatcher)]
    return found


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for path in MODEL.glob("*.py"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("function", KERNELS, ids=lambda f: f.py_func.__name__)
def test_an_edit_of_any_file_that_is_inlined_renames_the_machine_code(
    function: Any, copied: Path
) -> None:
    own = Path(function.py_func.__code__.co_filename)
    assert own in inlined(function)
    shared = Path(counter.__file__)  # the digest holds that of this file
    for path in inlined(function) - {own, shared}:  # numba itself watches that of the function
        before = compiled.digest_of(copied)
        with (copied / path.name).open("a") as file:
            file.write("# edited\n")
        assert compiled.digest_of(copied) != before, path.name


def test_what_is_inlined_is_found_through_functions_that_are_arguments_too() -> None:
    names = {path.stem for path in inlined(kernel.advance)}
    assert names >= {"kernel", "kernel_descent", "growth_kernel", "measure", "per_sentence"}
    assert names >= {"simd_math"}


def test_kernels_bear_the_digest_of_the_sources_and_others_do_not_change_it(copied: Path) -> None:
    assert kernel.advance.py_func.__qualname__.endswith(compiled.digest_of(MODEL))
    (copied / "init.py").write_text("# edited")
    assert compiled.digest_of(copied) == compiled.DIGEST
