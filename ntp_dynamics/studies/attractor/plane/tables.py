"""What theory says of a job on a torus, as curves beside its record (see `attractor.tables`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.record.trajectory import said
from ntp_dynamics.studies.attractor.config import PhaseName
from ntp_dynamics.studies.attractor.tables import RATIOS, SOURCE
from ntp_dynamics.studies.attractor.theory import bump, spectrum
from ntp_dynamics.studies.attractor.theory import torus as theory_of_torus
from ntp_dynamics.studies.attractor.torus import VECTORS

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.studies.attractor.plane.problem import PlaneProblem


def theory(problem: PlaneProblem) -> xarray.Dataset:
    """Curves of every phase that the job has, and the periods of the torus."""
    import xarray

    config, phases = problem.config, problem.config.phases
    net = config.network
    words = said("lattice vectors as rows", "degree", "configuration")
    found: dict[str, Any] = {"period": (("vector", "axis"), VECTORS[net.lattice], words)}
    if PhaseName.critical in phases:
        critical = problem.network(net.neurons, loop=False, w_over_wc=1.0)
        found["branch"] = ("branch", RATIOS, said("w/w_c", source=SOURCE))
        for name, stable in (("height", True), ("height_unstable", False)):
            tops = [
                theory_of_torus.height(x * critical.w_r, net.a, net.k, critical.rho, stable=stable)
                for x in np.maximum(RATIOS, 1 + 1e-12)
            ]
            word = "stable" if stable else "unstable"
            found[name] = ("branch", np.array(tops), said(f"U, {word} branch", source=SOURCE))
    if PhaseName.spectrum in phases:
        values = spectrum.predicted(net.w_over_wc, config.spectrum.modes, dimension=2)
        found["eigenvalue"] = ("order", values, said("eigenvalues of W dr/du", source=SOURCE))
        height = 1 - bump.root(max(net.w_over_wc, 1.0))
        found["height_eigenvalue"] = ((), height, said("that of the height mode", source=SOURCE))
    if PhaseName.diffusion in phases:
        rate = 2 * problem.diffusivity
        found["diffusivity"] = ((), rate, said("Var s/t, both axes", "degree^2 / tau", SOURCE))
    return xarray.Dataset(found)
