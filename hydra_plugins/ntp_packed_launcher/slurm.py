"""`hydra/launcher=slurm`: packs of jobs as jobs of a batch system, through submitit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from hydra_plugins.ntp_packed_launcher import PackedLauncher
from ntp_dynamics.config.hydra_private import register_config

if TYPE_CHECKING:
    from ntp_dynamics.launch.multirun import PackedJob


class Cluster(Enum):
    """A batch system, processes of this machine, or this process."""

    slurm = "slurm"
    local = "local"
    debug = "debug"


@dataclass
class SlurmLauncherConfig:
    """`hydra.launcher.*`: what a pack of jobs asks of the batch system."""

    _target_: str = "hydra_plugins.ntp_packed_launcher.slurm.SlurmLauncher"
    cluster: Cluster = Cluster.slurm
    partition: str | None = None
    minutes: int = 60
    """Of a pack; where they do not do, it is stopped in time and put into the queue again."""
    cpus: int = 1
    """A pack takes so many, and trains so many of its jobs at a time."""
    mem_gb: float = 4.0
    at_once: int | None = None
    """Packs at a time; null: 16, or so many as there are cores for where they are local."""
    jobs: int | None = None
    """In a pack; null: so many that each place gets a few packs."""
    retries: int = 3
    """How many workers a job may cost before it is given up, beside the first."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Further options of sbatch: {account: mine, qos: high}."""


register_config("hydra/launcher", "slurm", SlurmLauncherConfig)


class SlurmLauncher(PackedLauncher):
    """Hands packs to a batch system."""

    def __init__(self, jobs: int | None, retries: int, **options: Any):
        self.jobs, self.retries, self.options = jobs, retries, options

    def train(self, jobs: Sequence["PackedJob"]) -> Sequence[float]:
        from ntp_dynamics.launch.crew import train_elsewhere
        from ntp_dynamics.launch.slurm_packs import Options, SlurmCrew

        said = {**self.options, "cluster": self.options["cluster"].value}
        said["extra"] = OmegaConf.to_container(OmegaConf.create(said["extra"]))
        options = Options(**said)
        crew = SlurmCrew(Path(self.config.hydra.sweep.dir), options)
        return train_elsewhere(jobs, crew, options.cpus, self.jobs, self.retries)
