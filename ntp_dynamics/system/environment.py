"""What the environment may say of how a process computes, looked at before anything is imported.

The libraries below answer a bad value with a warning of ten lines, or with another number.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping

from ntp_dynamics.system.errors import UserError, raise_all, short

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
SWITCHES = ("NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK", "NUMBA_DEBUG", "NUMBA_DISABLE_INTEL_SVML")


def _count(value: str) -> bool:
    return all(part.strip().isdecimal() and int(part) > 0 for part in value.split(","))


def _switch(value: str) -> bool:
    return value.strip().isdecimal()


KINDS: list[tuple[tuple[str, ...], Callable[[str], bool], str, str]] = [
    (THREADS, _count, "a number of threads", "give at least 1, or unset it"),
    (SWITCHES, _switch, "0 or 1", "give one of them, or unset it"),
]


def check_environment(environment: MutableMapping[str, str] = os.environ) -> None:
    """Refuse values that the libraries cannot read; one that is empty counts as unset.

    Raises UserError, or UserErrors for several.
    """
    errors = []
    for names, good, meaning, remedy in KINDS:
        for name in names:
            value = environment.get(name)
            if value == "":
                del environment[name]
            elif value is not None and not good(value):
                errors.append(UserError(name, f"{short(repr(value))} is not {meaning}", remedy))
    raise_all(errors)


def jit_disabled(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether NUMBA_DISABLE_JIT asks for no machine code."""
    return environment.get("NUMBA_DISABLE_JIT", "").strip() not in ("", "0")
