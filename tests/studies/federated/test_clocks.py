"""What a round costs, in queries and in numbers sent."""

import pytest

from ntp_dynamics.config.tracking import NoTracking
from ntp_dynamics.studies.federated.config import FederatedConfig, Method
from ntp_dynamics.studies.federated.costs import of_round

NAMES = {
    "queries": "queries_per_round",
    "uplink": "uplink_floats_dense",
    "uplink_scalars": "uplink_scalars_shared_seed",
    "downlink": "downlink_floats",
}


def config(g, **more) -> FederatedConfig:
    sizes = {"participants": g["M"], "local_steps": g["H"], "batch": g["b1"]}
    return FederatedConfig(
        study="federated",
        tracking=NoTracking(),
        num_directions=g["b2"],
        dim=g["d"],
        **{**sizes, **more},
    )


def test_the_costs_of_a_round_are_golden(golden):
    for g in golden["clocks"]:
        found = of_round(config(g))
        assert found == {name: g[theirs] for name, theirs in NAMES.items()}


def test_true_gradients_cost_no_queries_and_cannot_be_sent_by_seeds(golden):
    costs = of_round(config(golden["clocks"][0], method=Method.fedavg))
    assert (costs["queries"], costs["uplink_scalars"]) == (0, 0)
    assert costs["uplink"] == pytest.approx(100)
