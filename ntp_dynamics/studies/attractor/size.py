"""What a job takes of memory, before anything large is made."""

from __future__ import annotations

from collections.abc import Mapping

from ntp_dynamics.studies.attractor.config import AttractorConfig, PhaseName
from ntp_dynamics.studies.attractor.noise import CHUNK

RECORDED = 2
"""A trajectory is held once as it is recorded and once as it is written."""
FIELDS = 8
"""Arrays of all trajectories of a phase that a step holds."""


def memory(config: AttractorConfig, axes: Mapping[str, int], disk: int) -> float:
    """Bytes at the peak, about, beside Python and its libraries: those of the largest phase."""
    runs, largest = axes["run"], 0.0
    for name in config.phases:
        largest = max(largest, 8.0 * runs * _numbers(config, name))
    return RECORDED * disk + largest


def _numbers(config: AttractorConfig, name: PhaseName) -> float:
    """Numbers a run that live at a time in a phase."""
    power, populations = config.network.dimension, 1 + 2 * config.network.dimension
    n = config.network.neurons**power
    if name is PhaseName.critical:
        return FIELDS * populations * n * len(config.critical.ratios)
    if name is PhaseName.sweep:
        cases = len(config.sweep.speeds) * len(config.sweep.tau_v)
        return FIELDS * populations * config.sweep.neurons * cases
    if name is PhaseName.diffusion:
        return (
            (FIELDS * populations + CHUNK)
            * config.diffusion.walkers
            * config.diffusion.neurons**power
        )
    if name is PhaseName.disorder:
        n, sizes = config.disorder.neurons, len(config.disorder.eps)
        return n * n * (1 + sizes) + FIELDS * n * sizes * config.disorder.starts
    if name is PhaseName.path:
        return FIELDS * populations * n + 4 * config.path.duration / config.dt
    if name is PhaseName.spectrum:
        return FIELDS * config.spectrum.neurons**power
    if name is PhaseName.pinning:
        return FIELDS * sum(config.pinning.neurons)
    return FIELDS * populations * n
