"""What beside the job itself decides its last bits: libraries that compute, and the processor."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

LIBRARIES = ("numpy", "torch", "numba", "scipy", "piqp")


@cache
def fingerprint() -> dict[str, str]:
    """Names and what they are here: equal fingerprints, equal bits."""
    import llvmlite.binding

    versions = {name: metadata.version(name) for name in LIBRARIES}
    return {**versions, "processor": f"{platform.machine()} {llvmlite.binding.get_host_cpu_name()}"}


def differences(before: dict[str, str]) -> dict[str, str]:
    """What has changed since, by name, each as before and now."""
    now = fingerprint()
    return {
        name: f"{before.get(name, 'unknown')} -> {now.get(name, 'unknown')}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    }
