"""`hydra/launcher=packed_ray`: packs of jobs as tasks of Ray."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hydra_plugins.ntp_packed_launcher import PackedLauncher
from ntp_dynamics.config.hydra_private import register_config

if TYPE_CHECKING:
    from ntp_dynamics.launch.multirun import PackedJob


@dataclass
class RayLauncherConfig:
    """`hydra.launcher.*`: where the cluster is, and how jobs are put into packs."""

    _target_: str = "hydra_plugins.ntp_packed_launcher.packed_ray.RayLauncher"
    address: str | None = None
    """`auto`, or host:port; null: a local one on loopback, which ends with the sweep."""
    num_cpus: int | None = None
    """Of a local one; null: the cores that this process may use."""
    cpus: int = 1
    """A pack takes so many, and trains so many of its jobs at a time."""
    jobs: int | None = None
    """In a pack; null: so many that each worker gets a few packs."""
    retries: int = 3
    """How many workers a job may cost before it is given up, beside the first."""


register_config("hydra/launcher", "packed_ray", RayLauncherConfig)


class RayLauncher(PackedLauncher):
    """Hands packs to Ray."""

    def __init__(
        self, address: str | None, num_cpus: int | None, cpus: int, jobs: int | None, retries: int
    ):
        self.address, self.num_cpus = address, num_cpus
        self.cpus, self.jobs, self.retries = cpus, jobs, retries

    def train(self, jobs: Sequence["PackedJob"]) -> Sequence[float]:
        from ntp_dynamics.launch.crew import train_elsewhere
        from ntp_dynamics.launch.multirun import cores
        from ntp_dynamics.launch.ray_packs import RayCrew

        log = Path(self.config.hydra.sweep.dir) / "ray.log"
        crew = RayCrew(self.address, self.cpus, self.num_cpus or cores(), log)
        return train_elsewhere(jobs, crew, self.cpus, self.jobs, self.retries)
