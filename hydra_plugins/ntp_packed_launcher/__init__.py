"""The packed launcher: all jobs of a multirun in one process (`hydra/launcher=packed`).

Hydra finds launchers and sweepers in this namespace only; the work is done in
`ntp_dynamics.launch.multirun`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from ntp_dynamics import studies
from ntp_dynamics.config.arguments import uninterpolated
from ntp_dynamics.config.hydra_private import as_written, register_config
from ntp_dynamics.system.secrets import redact

if TYPE_CHECKING:
    from ntp_dynamics.launch.multirun import PackedJob


@dataclass
class PackedLauncherConfig:
    """`hydra.launcher.*`: how many jobs are under way at a time."""

    _target_: str = "hydra_plugins.ntp_packed_launcher.PackedLauncher"
    threads: int | None = None
    """That train at a time in a process; null: as many as there are cores for it."""
    workers: int | None = None
    """Processes; 1: this one alone; null: one a core for a long sweep, unless threads are given."""


@dataclass
class PackedSweeperConfig:
    """Hydra's own sweeper and its options."""

    _target_: str = "hydra_plugins.ntp_packed_launcher.PackedSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = None


for _group, _node in (("launcher", PackedLauncherConfig), ("sweeper", PackedSweeperConfig)):
    register_config(f"hydra/{_group}", "packed", _node)


class StudySearchPath(SearchPathPlugin):
    """Config files of studies that the lab does not hold itself."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for directory in studies.config_dirs():
            search_path.append("ntp-dynamics", f"file://{directory.resolve()}")


class PackedSweeper(BasicSweeper):
    """Hydra's own sweeper, which need not compose every job once more (`ntp-train` has checked them
    before Hydra started), and writes no secrets into `multirun.yaml`."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)
        stored: Any = OmegaConf.create(redact(OmegaConf.to_container(config, resolve=False)))
        stored.hydra.sweep.dir = uninterpolated(config.hydra.sweep.dir)  # where it will lie
        self.config = stored

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Nothing."""


class PackedLauncher(Launcher):
    """Hands the jobs over, with the directory of each."""

    def __init__(self, threads: int | None = None, workers: int | None = None):
        self.threads, self.workers = threads, workers

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.loader, self.config = hydra_context.config_loader, config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        from ntp_dynamics.launch.multirun import PackedJob

        jobs = [
            PackedJob(number, list(overrides), self._directory(number, overrides))
            for number, overrides in enumerate(job_overrides, start=initial_job_idx)
        ]
        returned = []
        for job, value in zip(jobs, self.train(jobs), strict=True):
            one = JobReturn(overrides=job.overrides, working_dir=str(job.directory))
            one.return_value, one.status = value, JobStatus.COMPLETED
            returned.append(one)
        return returned

    def train(self, jobs: Sequence["PackedJob"]) -> Sequence[float]:
        """The value that each job returns, nan where it failed: on this machine."""
        from ntp_dynamics.launch.here import train_here

        return train_here(jobs, self.threads, self.workers)

    def _directory(self, number: int, overrides: Sequence[str]) -> Path:
        from ntp_dynamics.launch.directories import OURS
        from ntp_dynamics.launch.multirun import directory_of

        sweep: Any = self.config.hydra.sweep
        if as_written(sweep, "subdir") == OURS:
            return Path(sweep.dir) / directory_of(number, overrides)
        composed: Any = self.loader.load_sweep_config(self.config, list(overrides))
        with open_dict(composed):
            composed.hydra.job.num, composed.hydra.job.id = number, str(number)
        return Path(sweep.dir) / composed.hydra.sweep.subdir
