"""Over-parameterised score matching for one Gaussian: which of n students reach the truth, how
fast.

arXiv 2511.22069. Data are N(mu*, I); the student is a mixture of n unit Gaussians with means mu_i
and weights pi_i (1/n), its score s(x) = sum_i w_i(x) mu_i - x. Shifted so that mu* = 0:

    loss           L(mu) = E_{x ~ N(0, I)} |v|^2,  v = sum_i w_i mu_i            `loss`
    weights        w = softmax_i(log pi_i + x.mu_i - |mu_i|^2/2)
    step           mu_i <- mu_i - eta grad_i L                                   `dynamics.descent`
    path length    s = eta tau, tau the step; the flow is eta -> 0               `dynamics.flow`
    noise level    t: L(e^-t mu), averaged with weights a_t                      `config.Noise`
    clump          mu_i = A + sigma_0 z_i, all students close together           `theory.clump`

R runs, n students, d coordinates, r of their span, J noise levels, B samples of a batch.
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

    from ntp_dynamics.system.errors import UserError


_SHORT = ("experiment=score_matching/smoke", "phases=[descent]", "model.dim=1")


class ScoreMatching(Study):
    """Which students converge, and how fast the loss falls."""

    name = "score_matching"
    title = "over-parameterised score matching for one Gaussian"
    stages = ("descent", "averaged", "flow", "map", "collapse", "saddle", "batches")
    residual = "quadrature_error"
    returns = "descent", "log_loss"
    clocks = {"path_length": "path length s"}  # noqa: RUF012 - read only
    headline = "sm.ball"
    smoke = ("experiment=score_matching/smoke",)
    smoke_more = (
        (
            *(*_SHORT, "phases=[descent,averaged]", "init.kind=ball"),
            *("train.step_size=0.5", "train.steps=20000"),
        ),
        (
            *(*_SHORT, "runs=1", "model.students=2", "train.step_size=0.5", "train.steps=150000"),
            "init={distance:0.05,log_spread:-5.45,pattern:list,deviations:[1.0,-1.0]}",
        ),
        (*_SHORT, "runs=1", "init.kind=necessity", "init.distance=4", "train.step_size=0.1"),
        (
            *(*_SHORT, "model.students=2", "init.kind=gaussian", "init.distance=2e12"),
            *("train.step_size=0.3", "train.steps=200"),
        ),
        (*_SHORT, "init.distance=2", "init.log_spread=-11.5", "train.steps=2000"),
        (
            *("experiment=score_matching/smoke", "phases=[descent,batches]", "train.steps=20"),
            *("expectation={kind:monte_carlo,batch:200}", "batches.batches=4"),
        ),
    )

    @property
    def config(self) -> type:
        from ntp_dynamics.studies.score_matching.config import ScoreMatchingConfig

        return ScoreMatchingConfig

    def check(self, config: Any) -> Sequence[UserError]:
        from ntp_dynamics.studies.score_matching.rules import mistakes

        return mistakes(config)

    def look(self, config: Any) -> None:
        """Read the points, and see that there is a grid for the start of the first run."""
        from ntp_dynamics.studies.score_matching.problem import prepared

        _ = prepared(config, _table(config), [0]).engine

    def needs(self, config: Any) -> Hashable:
        return repr((config.model, config.init, config.expectation, config.seed))

    def modules(self, config: Any) -> Sequence[str]:
        return [f"{__name__}.phases"]

    def outline(self, config: Any) -> Sequence[Outline]:
        from ntp_dynamics.studies.score_matching.outline import outlines

        return outlines(config)

    def prepare(self, config: Any, hooks: Mapping[str, Sequence[Any]]) -> Any:
        from ntp_dynamics.observe.hooks import record_size
        from ntp_dynamics.studies.score_matching.problem import prepared
        from ntp_dynamics.system.memory import make_room

        bare = prepared(config, _table(config))
        disk = sum(record_size(due, bare.axes) for due in hooks.values())
        problem = prepared(config, bare.table, disk=disk)
        remedy = "use fewer runs, students or cells of the map, or measure less often (hooks=light)"
        make_room({"runs": (problem.memory, remedy)})
        return problem

    def phases(self, problem: Any) -> Sequence[Phase]:
        from ntp_dynamics.studies.score_matching.phases import phases

        return phases(problem)

    @property
    def observables(self) -> Sequence[Any]:
        from ntp_dynamics.studies.score_matching.observables import OBSERVABLES

        return OBSERVABLES

    @property
    def claims(self) -> Sequence[Any]:
        from ntp_dynamics.studies.score_matching.claims import CLAIMS

        return CLAIMS

    def claims_of(self, config: Any) -> Sequence[Any]:
        return [claim for claim in self.claims if claim.stage in config.stages]

    def inputs(self, directory: Path, config: Any) -> Mapping[str, Any]:
        from ntp_dynamics.studies.score_matching.problem import STORED
        from ntp_dynamics.studies.score_matching.starts import read

        stored, model = directory / STORED, config.model
        table = read(str(stored), model.students, model.dim).tolist() if stored.exists() else None
        return {"points": table}

    def known(self, config: Any, inputs: Mapping[str, Any]) -> Any:
        import numpy as np

        from ntp_dynamics.studies.score_matching.problem import prepared

        points = inputs["points"]
        return prepared(config, None if points is None else np.array(points))

    def constants(self, known: Any, tree: xarray.DataTree) -> Any:
        from ntp_dynamics.studies.score_matching.outcome import outcomes

        return replace(known, outcomes=outcomes(tree, known.runs))

    def facts(self, config: Any, inputs: Mapping[str, Any]) -> Sequence[str]:
        init = config.init
        size = f"{config.model.students} students in {config.model.dim} dimensions"
        at = "" if init.kind in ("ball", "points") else f" at distance {init.distance:g}"
        return [size, f"{init.kind}{at}", f"eta = {config.train.step_size:g}"]

    def sheets(
        self, tree: xarray.DataTree, inputs: Mapping[str, Any], which: Any, title: str
    ) -> Iterator[Any]:
        from ntp_dynamics.studies.score_matching.views.figures import sheets

        return sheets(tree, title)

    @property
    def views(self) -> Sequence[View]:
        from ntp_dynamics.studies.score_matching.views import VIEWS

        return VIEWS


def _table(config: Any) -> Any:
    """The points of a file, where the configuration names one.  Raises UserError."""
    from ntp_dynamics.studies.score_matching.starts import read

    init, model = config.init, config.model
    return read(init.points, model.students, model.dim) if init.kind == "points" else None


STUDY = ScoreMatching()
