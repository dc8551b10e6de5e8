"""What a round costs: the clocks that jobs can be compared along, beside rounds."""

from __future__ import annotations

from ntp_dynamics.studies.federated.config import FederatedConfig, Method


def of_round(config: FederatedConfig) -> dict[str, int]:
    """Function queries; floats sent to the server, dense or as scalars of shared seeds; floats sent
    to the clients.  True gradients need no queries, and have no seeds."""
    m, h, b2 = config.participants, config.local_steps, config.num_directions
    estimates = config.method is Method.fedzo
    return {
        "queries": m * h * config.batch * (1 + b2) if estimates else 0,
        "uplink": m * config.dim,
        "uplink_scalars": m * h * b2 if estimates else 0,
        "downlink": m * config.dim,
    }
