"""A record of a loop that the lab does not run: it is handed what was measured, step by step.

Whatever ends the loop, what was recorded so far stays: it is published while the loop runs, and an
exception, Ctrl-C or a signal to stop leaves it with a status that says so.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ntp_dynamics.config.choices import Figures
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.config.stored import to_yaml
from ntp_dynamics.record.entries import CONFIG, LOG, STATUS, TRAJECTORY
from ntp_dynamics.record.growing import Growing, Measured
from ntp_dynamics.record.outcome import final_values, one_line
from ntp_dynamics.record.store import RecordWriter
from ntp_dynamics.record.trajectory import PhaseRecord, make_tree, said
from ntp_dynamics.run.account import Account
from ntp_dynamics.run.conclusion import conclude, draw_beside
from ntp_dynamics.run.job import Surroundings, first_status, opened_log
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.stops import unwound
from ntp_dynamics.system.throttle import Throttle
from ntp_dynamics.track.mirror import subject_of
from ntp_dynamics.track.tracking import open_tracker
from ntp_dynamics.verdict.claim import Claim

if TYPE_CHECKING:
    import xarray


class OutsideJob:
    """A context manager around the loop: the directory is ours, its status says `running`.

    Raises UserError where the directory holds a record, or a claim cannot be judged.
    """

    def __init__(
        self,
        config: JobConfig,
        directory: Path,
        overrides: Sequence[str] = (),
        claims: Sequence[Claim] = (),
    ):
        self.attributes: dict[str, str] = {}
        """Of the group in the trajectory; they may change until the end."""
        self.notes: list[str] = []
        """What a reader of the record should know."""
        self._around = Surroundings(overrides, claims=claims)
        self._config, self._directory = config, directory
        self._grown = Growing()

    def __enter__(self) -> OutsideJob:
        import netCDF4
        import xarray

        _ = netCDF4, xarray  # needed at the end in any case: the loop does not wait for them
        config = self._config
        self._job = prepare(config, (), self._around.claims)
        (self._outline,) = self._job.study.outline(config)
        status, settings = first_status(config, self._around), to_yaml(config)
        with ExitStack() as stack:
            writer = stack.enter_context(RecordWriter(self._directory, status, config.overwrite))
            self._log = stack.enter_context(opened_log(writer, status))
            self.account = Account(writer, self._log, status, Console(stderr=True))
            writer.data(CONFIG, settings)
            subject = subject_of(config, settings, writer.directory, None)
            tracker = open_tracker(config.tracking, subject, self.account.say)
            self._tracker = stack.enter_context(tracker)
            stack.enter_context(unwound())
            self._stack = stack.pop_all()
        self._throttle = Throttle()
        return self

    def put(self, step: int, measured: Iterable[Measured]) -> None:
        """Keep what was measured at a step, and publish the record so far if it is time."""
        found = [*measured]
        self._grown.put(step, found)
        self._tracker.watch(self._outline.name, step, {channel.name: x for channel, x in found})
        if self._throttle.due:
            try:
                self._throttle.run(self._publish)
            except UserError as error:  # the loop goes on; what is not written by its end is told
                self.note(f"not published: {error.what}")

    def note(self, text: str) -> None:
        """Something that a reader should know: told at once, and once."""
        if text not in self.notes:
            self.notes.append(text)
            self.account.say(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
            else:
                self._cut_short(error)
        except BaseException as broken:
            if not self.account.writer.sealed:
                self._cut_short(broken)
            self._stack.__exit__(type(broken), broken, broken.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    def _tree(self) -> xarray.DataTree:
        name, outline = self._outline.name, self._outline
        recorded: dict[str, PhaseRecord] = {}
        if self._grown:
            recorded[name] = PhaseRecord(
                self._grown.recorder(),
                self._grown.reached,
                said(f"recorded {outline.clock}s", outline.unit_name),
                {},
                self.attributes,
            )
        return make_tree(recorded, self._job.problem.tables())

    @property
    def _reached(self) -> Mapping[str, int]:
        return {self._outline.name: self._grown.reached} if self._grown else {}

    def _publish(self) -> xarray.DataTree:
        tree, writer = self._tree(), self.account.writer
        writer.tree(TRAJECTORY, tree)
        final = final_values(tree, self._job.study.stages)
        more: dict[str, Any] = {"notes": self.notes} if self.notes else {}
        writer.json(STATUS, self.account.so_far(final=final, reached=self._reached, **more))
        return tree

    def _finish(self) -> None:
        job, account, writer = self._job, self.account, self.account.writer
        account.status["reached"] = self._reached
        tree = self._tree()
        writer.tree(TRAJECTORY, tree)
        notes = [*job.problem.notes(), *self.notes]
        found = conclude(job, tree, writer, self._log, self._tracker, notes)
        self._log.data("done")
        writer.read_trees()
        writer.add(LOG, self._log.entry)
        writer.seal(account.so_far(state="done", **found.outcome), last=False)
        if self._config.figures is not Figures.none:
            draw_beside(job, tree, {}, found, account, many=False)

    def _cut_short(self, error: BaseException) -> None:
        """Keep what was recorded, and say why it ends there.  Raises nothing: ``error`` is what the
        user is to see."""
        stopped = not isinstance(error, Exception)  # Ctrl-C, a signal, sys.exit()
        reason = (str(error) or "Ctrl-C") if isinstance(error, KeyboardInterrupt) else None
        more: dict[str, Any] = {"reached": self._reached}
        if not stopped:
            self._log("".join(traceback.format_exception(error)))
        with suppress(Exception):
            more["final"] = final_values(self._publish(), self._job.study.stages)
        if self.notes:
            more["notes"] = self.notes
        state = "interrupted" if stopped else "failed"
        why = reason or (one_line(error) if isinstance(error, Exception) else type(error).__name__)
        self.account.end(state, why, **more)
        self.account.tell(f"{state}; the record so far is in {self.account.writer.directory}")
