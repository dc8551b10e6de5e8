"""What a process of jobs imports before the first, each at one go and once."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ntp_dynamics.config import Config
from ntp_dynamics.lab.imports import for_good


def import_for(config: Config) -> None:
    """Import what a job of this configuration, and those like it, will need in any case."""
    _import("netCDF4", "xarray", "ntp_dynamics.run")
    from ntp_dynamics.optim.choice import choose

    if choose(config).fused:
        _import("ntp_dynamics.optim.closed_form")  # and the kernels


@cache
def _import(*modules: str) -> None:
    with for_good():
        for module in modules:
            import_module(module)
