"""Do the fused kernels work with the numba that is installed?

They define a type, operators and intrinsics of their own, in part through what numba does not
promise to keep (`model.simd`).
"""

from __future__ import annotations

from functools import cache


@cache
def kernel_fault() -> str | None:
    """Why the fused kernels cannot be used here; None where they can.

    Asked once a process: the first time it takes numba along.  A kernel of a few lines, kept on
    disk as the others are, is compiled and must give the right number.
    """
    try:
        from ntp_dynamics.studies.next_token.model import probe

        error = probe.probe_error()
        if error < probe.TOLERANCE:
            return None
        why = f"a test of it is wrong by a share of {error:.1e}"
    except Exception as fault:  # a missing part shows as an error of any kind
        lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
        why = f"{type(fault).__name__}: {' '.join(lines[:2])}"
    return f"the kernel does not work with {_numba()}: {why}"


def _numba() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"numba {version('numba')}"
    except PackageNotFoundError:
        return "no numba at all"
