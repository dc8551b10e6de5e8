"""The record so far, for those who watch a job: every two seconds at most."""

from __future__ import annotations

from ntp_dynamics.record.outcome import final_values
from ntp_dynamics.record.store import STATUS, TRAJECTORY
from ntp_dynamics.run.account import Account
from ntp_dynamics.run.preparation import PreparedJob
from ntp_dynamics.run.training import Trained
from ntp_dynamics.system.throttle import Throttle


class Publisher:
    """Writes what a job has recorded, for a small share of its time.  Shadows come at the end."""

    def __init__(self, job: PreparedJob, account: Account):
        self._job, self._account = job, account
        self._throttle = Throttle()

    def when_due(self, trained: Trained) -> None:
        """If it is time."""
        if self._throttle.due and not trained.phases[trained.current].outline.shadow:
            import netCDF4
            import xarray

            _ = netCDF4, xarray  # needed at the end in any case, so their time is not counted
            self._throttle.run(lambda: self._publish(trained))

    def _publish(self, trained: Trained) -> None:
        tree = trained.tree(self._job.problem.tables())
        self._account.writer.tree(TRAJECTORY, tree)
        final = final_values(tree, self._job.study.stages)
        reached = dict(trained.reached)
        self._account.writer.json(STATUS, self._account.so_far(final=final, reached=reached))
