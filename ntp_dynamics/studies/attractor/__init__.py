"""A continuous attractor network whose bump of activity is moved by speed neurons.

W.-H. Zhang, Y. N. Wu, S. Wu, "Translation-equivariant Representation in Recurrent Networks with a
Continuous Manifold of Attractors", NeurIPS 2022.  The group words and where they live:

    group element     T(s) = exp(-s d/dx), translation by s        `kernel.translated`
    orbit             the family of bumps, all shifts of one       `theory.bump`
    generator         W_+ - W_-, close to -2 Delta w_sv d/dx       `theory.generator`
    parameter speed   v, the input of the speed neurons            `ring.speed_gains`

Angles are in degrees, times in units of the synaptic time constant tau.  N neurons, C columns
(trajectories of one batch), n x n neurons of a torus.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.study import Outline, Phase, Study
from ntp_dynamics.view import View

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.studies.attractor.paths import Trace
    from ntp_dynamics.system.errors import UserError


class Attractor(Study):
    """A bump of activity on a ring or a torus: where it stands, moves and drifts."""

    name = "attractor"
    title = "continuous attractor networks with speed neurons"
    stages = (
        "rest",
        "critical",
        "spectrum",
        "sweep",
        "path",
        "cue",
        "diffusion",
        "disorder",
        "pinning",
        "torus_critical",
        "torus_spectrum",
        "torus_path",
        "torus_diffusion",
    )
    reserved = ("v", "delay", "size", "start", "a_over_dx", "place", "direction")
    returns = "diffusion", "diffusivity"
    headline = "can.gain"
    smoke = ("experiment=attractor/smoke",)
    smoke_more = (
        (
            *("runs=2", "network.neurons=60", "rest.duration=5", "sweep.duration=40"),
            *("path.duration=120", "diffusion.duration=90", "disorder.duration=5"),
        ),
        (
            *("experiment=attractor/torus", "runs=2", "network.neurons=15", "network.k=1e-4"),
            *("network.w_over_wc=1.3", "critical.ratios=[0.9,1.1,1.5]", "critical.duration=26"),
            *("spectrum.iterations=120", "path.duration=6", "diffusion.walkers=5"),
            *("diffusion.window=5", "diffusion.duration=45"),
        ),
        (
            *("experiment=attractor/smoke", "phases=[sweep]", "network.delta=10"),
            *("sweep.tau_v=[0.01]", "sweep.dt=0.005", "sweep.duration=10"),
        ),
    )

    @property
    def config(self) -> type:
        from ntp_dynamics.studies.attractor.config import AttractorConfig

        return AttractorConfig

    def check(self, config: Any) -> Sequence[UserError]:
        from ntp_dynamics.studies.attractor.rules import mistakes

        return mistakes(config)

    def look(self, config: Any) -> None:
        _trace(config)

    def needs(self, config: Any) -> Hashable:
        return config.path.file if "path" in config.phases else ""

    def modules(self, config: Any) -> Sequence[str]:
        flat = config.network.dimension == 1
        return [f"{__name__}.phases" if flat else f"{__name__}.plane.phases"]

    def outline(self, config: Any) -> Sequence[Outline]:
        from ntp_dynamics.studies.attractor.outline import outlines

        return outlines(config)

    def prepare(self, config: Any, hooks: Mapping[str, Sequence[Any]]) -> Any:
        from ntp_dynamics.observe.hooks import record_size
        from ntp_dynamics.system.memory import make_room

        bare = _prepared(config, _trace(config))
        disk = sum(record_size(due, bare.axes) for due in hooks.values())
        problem = _prepared(config, bare.trace, disk)
        remedy = "use fewer runs, neurons or walkers, or measure less often (hooks=light)"
        make_room({"runs": (problem.memory, remedy)})
        return problem

    def phases(self, problem: Any) -> Sequence[Phase]:
        if problem.config.network.dimension == 2:
            from ntp_dynamics.studies.attractor.plane.phases import phases
        else:
            from ntp_dynamics.studies.attractor.phases import phases
        return phases(problem)

    @property
    def observables(self) -> Sequence[Any]:
        from ntp_dynamics.studies.attractor import observables
        from ntp_dynamics.studies.attractor.plane import observables as plane

        return [*observables.OBSERVABLES, *plane.OBSERVABLES]

    @property
    def claims(self) -> Sequence[Any]:
        from ntp_dynamics.studies.attractor import claims
        from ntp_dynamics.studies.attractor.plane import claims as plane

        return [*claims.CLAIMS, *plane.CLAIMS]

    def claims_of(self, config: Any) -> Sequence[Any]:
        return [claim for claim in self.claims if claim.stage in config.stages]

    def inputs(self, directory: Path, config: Any) -> Mapping[str, Any]:
        from ntp_dynamics.studies.attractor.paths import STORED, read

        stored = directory / STORED
        return {"path_input": read(stored) if stored.exists() else None}

    def known(self, config: Any, inputs: Mapping[str, Any]) -> Any:
        return _prepared(config, inputs["path_input"])

    def constants(self, known: Any, tree: xarray.DataTree) -> Any:
        return replace(known, recorded=frozenset(map(str, tree.children)))

    def sheets(
        self, tree: xarray.DataTree, inputs: Mapping[str, Any], which: Any, title: str
    ) -> Iterator[Any]:
        from ntp_dynamics.studies.attractor.figures import sheets

        return sheets(tree, title)

    def facts(self, config: Any, inputs: Mapping[str, Any]) -> Sequence[str]:
        net = config.network
        size = f"{net.neurons} neurons"
        if net.dimension == 2:
            size = f"{net.neurons} x {net.neurons} neurons, {net.lattice} lattice"
        return [size, f"a = {net.a:g} degrees", f"w = {net.w_over_wc:g} w_c"]

    @property
    def views(self) -> Sequence[View]:
        from ntp_dynamics.studies.attractor.views import VIEWS

        return VIEWS


def _trace(config: Any) -> Trace | None:
    """The path of a file, where the configuration names one.  Raises UserError."""
    from ntp_dynamics.studies.attractor.config import PathKind, PhaseName
    from ntp_dynamics.studies.attractor.paths import read

    wanted = PhaseName.path in config.phases and config.path.kind is PathKind.file
    return read(config.path.file) if wanted else None


def _prepared(config: Any, trace: Trace | None, disk: int = 0) -> Any:
    if config.network.dimension == 2:
        from ntp_dynamics.studies.attractor.plane.problem import prepared
    else:
        from ntp_dynamics.studies.attractor.problem import prepared
    return prepared(config, trace=trace, disk=disk)


STUDY = Attractor()
