"""Gradient descent on separable logistic regression: an example of a study of one's own.

    D. Soudry, E. Hoffer, M. S. Nacson, S. Gunasekar, N. Srebro, "The Implicit Bias of Gradient
    Descent on Separable Data", JMLR 2018
    Z. Ji, M. Telgarsky, "Characterizing the Implicit Bias via a Primal-Dual Analysis", ALT 2021

n points in d dimensions, labels folded into the points: L(w) = mean_i log(1 + e^{-<w, x_i>}).
docs/studies.md goes through these files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.study import Outline, Phase, Study

if TYPE_CHECKING:
    import xarray


class LogisticRegression(Study):
    """Which direction does w go, and how fast?"""

    name = "logistic_regression"
    title = "gradient descent on separable logistic regression"
    stages = ("descent",)
    headline = "gd.direction"
    returns = "descent", "margin_gap"
    smoke = ("runs=2", "steps=1000")
    smoke_more = ((*smoke, "rule=ngd"),)
    config_dir = Path(__file__).parent / "conf"

    @property
    def config(self) -> type:
        from logistic_regression.problem import Config

        return Config

    def outline(self, config: Any) -> Sequence[Outline]:
        return [Outline("descent", config.steps)]

    def prepare(self, config: Any, hooks: Mapping[str, Sequence[Any]]) -> Any:
        from logistic_regression.problem import draw

        return draw(config)

    def phases(self, problem: Any) -> Sequence[Phase]:
        from logistic_regression.dynamics import Descent

        (outline,) = self.outline(problem.config)
        return [Phase(outline, lambda earlier: Descent(problem), engine="numpy, float64")]

    @property
    def observables(self) -> Sequence[Any]:
        from logistic_regression.observables import OBSERVABLES

        return OBSERVABLES

    @property
    def claims(self) -> Sequence[Any]:
        from logistic_regression.claims import CLAIMS

        return CLAIMS

    def inputs(self, directory: Path, config: Any) -> Mapping[str, Any]:
        return {}  # everything is drawn from the seed

    def known(self, config: Any, inputs: Mapping[str, Any]) -> Any:
        return config

    def constants(self, known: Any, tree: xarray.DataTree) -> Any:
        return known  # the claims ask for the rule only

    def facts(self, config: Any, inputs: Mapping[str, Any]) -> Sequence[str]:
        return [f"d = {config.dimension}", str(config.rule)]


STUDY = LogisticRegression()
