"""Federated optimisation with two-point estimates of gradients, and its moments without sampling.

X. Chen, H. Chen, B. Gu, H. Deng, "Fine-Grained Theoretical Analysis of Federated Zeroth-Order
Optimization", NeurIPS 2023; the algorithm, FedZO, is that of Fang et al.  On quadratics the second
moments of a round obey a linear map; every exact curve and limit here comes from it (derived).

N clients with n samples each, d parameters, M participants a round, H local steps, batches of b1
samples, b2 directions, smoothing mu, C copies.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ntp_dynamics.study import Outline, Phase, Study
from ntp_dynamics.view import View

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.system.errors import UserError


class Federated(Study):
    """Clients that descend by differences of losses, and a server that averages them."""

    name = "federated"
    title = "federated zeroth-order optimisation"
    stages = (
        "estimator",
        "quadratic",
        "logistic",
        "sigmoid",
        "user",
        "quadratic_copies",
        "logistic_copies",
        "sigmoid_copies",
        "user_copies",
        "limit",
        "delay",
        "bias",
        "tails",
        "budget",
    )
    reserved = ("num_directions", "local_steps", "participants")
    returns = "quadratic", "log_excess"
    headline = "fz.moments"
    clocks: Mapping[str, str] = MappingProxyType(
        {
            "queries": "function queries",
            "uplink": "floats sent, dense",
            "uplink_scalars": "scalars sent, shared seeds",
        }
    )
    smoke = ("experiment=federated/smoke",)
    smoke_more = (
        (
            *(
                "experiment=federated/smoke",
                "schedule=constant",
                "staleness=2",
                "tasks=[quadratic]",
            ),
            *("phases=[train]", "rounds=20"),
        ),
        (
            *("experiment=federated/smoke", "schedule=constant", "step_size=0.05"),
            *("tasks=[quadratic,sigmoid]", "phases=[train,copies,budget]", "rounds=40"),
        ),
    )

    @property
    def config(self) -> type:
        from ntp_dynamics.studies.federated.config import FederatedConfig

        return FederatedConfig

    def check(self, config: Any) -> Sequence[UserError]:
        from ntp_dynamics.studies.federated.claims import NAMES
        from ntp_dynamics.studies.federated.rules import mistakes

        return mistakes(config, NAMES)

    def look(self, config: Any) -> None:
        from ntp_dynamics.studies.federated.problem import look

        look(config)

    def needs(self, config: Any) -> Hashable:
        return repr(config)

    def modules(self, config: Any) -> Sequence[str]:
        return [f"{__name__}.phases"]

    def outline(self, config: Any) -> Sequence[Outline]:
        from ntp_dynamics.studies.federated.outline import outlines

        return outlines(config)

    def prepare(self, config: Any, hooks: Mapping[str, Sequence[Any]]) -> Any:
        from ntp_dynamics.observe.hooks import record_size
        from ntp_dynamics.studies.federated.problem import prepared
        from ntp_dynamics.system.memory import make_room

        axes = prepared(config).axes
        problem = prepared(config, disk=sum(record_size(due, axes) for due in hooks.values()))
        remedy = "use fewer runs, clients or samples, or measure less often (hooks=light)"
        make_room({"runs": (problem.memory, remedy)})
        return problem

    def phases(self, problem: Any) -> Sequence[Phase]:
        from ntp_dynamics.studies.federated.phases import phases

        return phases(problem)

    @property
    def observables(self) -> Sequence[Any]:
        from ntp_dynamics.studies.federated.observables import OBSERVABLES

        return OBSERVABLES

    @property
    def claims(self) -> Sequence[Any]:
        from ntp_dynamics.studies.federated.claims import CLAIMS

        return CLAIMS

    def claims_of(self, config: Any) -> Sequence[Any]:
        asked = config.claims or [claim.id for claim in self.claims]
        return [c for c in self.claims if c.stage in config.stages and c.id in asked]

    def inputs(self, directory: Path, config: Any) -> Mapping[str, Any]:
        from ntp_dynamics.studies.federated.problem import FILES

        stored = {name: directory / file for name, file in FILES.items()}
        return {"modules": {name: str(file) for name, file in stored.items() if file.exists()}}

    def known(self, config: Any, inputs: Mapping[str, Any]) -> Any:
        from ntp_dynamics.studies.federated.problem import from_record

        return from_record(config, inputs["modules"])

    def constants(self, known: Any, tree: xarray.DataTree) -> Any:
        from ntp_dynamics.studies.federated.claims.stated import Known

        return Known(known, tree)

    def facts(self, config: Any, inputs: Mapping[str, Any]) -> Sequence[str]:
        size = f"{config.clients} clients, {config.samples} samples each"
        rule = f"H = {config.local_steps}, b1 = {config.batch}, b2 = {config.num_directions}"
        return [size, f"d = {config.dim}", f"{config.participants} take part, {rule}"]

    def sheets(
        self, tree: xarray.DataTree, inputs: Mapping[str, Any], which: Any, title: str
    ) -> Iterator[Any]:
        from ntp_dynamics.studies.federated.panels import sheets

        return sheets(tree, title)

    @property
    def views(self) -> Sequence[View]:
        from ntp_dynamics.studies.federated.views import VIEWS

        return VIEWS


STUDY = Federated()
