"""What follows training: claims are judged, verdicts written and tracked, figures drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ntp_dynamics.config.choices import Figures
from ntp_dynamics.observe.judgement import Judged, judge_claims, laws_of, verdicts_file
from ntp_dynamics.record.entries import CERTIFICATES, LOG, VERDICTS
from ntp_dynamics.record.laws import LAWS, laws_file
from ntp_dynamics.record.outcome import summary
from ntp_dynamics.record.plan import short_name
from ntp_dynamics.record.store import RecordWriter
from ntp_dynamics.run.account import Account
from ntp_dynamics.run.preparation import PreparedJob
from ntp_dynamics.system.log import JobLog
from ntp_dynamics.system.secrets import redact
from ntp_dynamics.track.mirror import track_outcome
from ntp_dynamics.track.tracker import Tracker

if TYPE_CHECKING:
    import xarray


class Conclusion(NamedTuple):
    """What a finished job has found."""

    judged: Sequence[Judged]
    claims: list[dict[str, Any]]
    """As in verdicts.json."""
    outcome: dict[str, Any]
    """What its status says of it: final values, labels, notes."""


def conclude(
    job: PreparedJob,
    tree: xarray.DataTree,
    writer: RecordWriter,
    log: JobLog,
    tracker: Tracker,
    notes: Sequence[str],
) -> Conclusion:
    """Hold the claims of a job against its trajectory; write and track what they found."""
    judged = _judged(job, tree, writer, log)
    claims = [j.to_json() for j in judged]
    writer.json(VERDICTS, verdicts_file(claims))
    curved = laws_file(laws_of(judged))
    if curved is not None:
        writer.numbers(LAWS, curved)
    for j in judged:
        log.data(f"{j.claim.id} ({j.claim.version}): {j.verdict.sentence}")
    outcome = {**summary(tree, job.study.stages, claims), "notes": [*notes]}
    track_outcome(tracker, claims, outcome)
    return Conclusion(judged, claims, outcome)


def draw_beside(
    job: PreparedJob,
    tree: xarray.DataTree,
    inputs: Mapping[str, Any],
    found: Conclusion,
    account: Account,
    *,
    many: bool,
) -> None:
    """Figures beside a sealed record, as its configuration says; the record is sealed again where
    some could not be drawn, since its log and its status say so.

    They are told at once where there are ``many`` jobs, whose notes nobody is shown.
    """
    undrawn = _draw(job, tree, inputs, found.judged, account)
    if not undrawn:
        return
    writer, log = account.writer, account.log
    for reason in undrawn if many else ():
        account.tell(f"{short_name(writer.directory.name)}: {reason}")
    writer.reopen(LOG)
    log("\n".join(undrawn))
    writer.add(LOG, log.entry)
    found.outcome["notes"] += [redact(text) for text in undrawn]
    writer.seal(account.so_far(state="done", **found.outcome))


def _draw(
    job: PreparedJob,
    tree: xarray.DataTree,
    inputs: Mapping[str, Any],
    judged: Sequence[Judged],
    account: Account,
) -> list[str]:
    """Returns a line for every reason why some could not be drawn."""
    which, directory = job.config.figures, account.writer.directory
    if which is Figures.none:
        return []
    try:
        from ntp_dynamics.draw.job import draw_job

        size = [f"{tree.sizes['run']:,} run{'s' * (tree.sizes['run'] != 1)}"]
        title = ", ".join(
            [*size, *job.study.facts(job.config, inputs)[:1], f"seed {job.config.seed}"]
        )
        return draw_job(job.study, tree, inputs, judged, directory / "figures", which, title)
    except KeyboardInterrupt:
        account.tell(f"interrupted while drawing; the record in {directory} is complete")
        raise


def _judged(
    job: PreparedJob, tree: xarray.DataTree, writer: RecordWriter, log: JobLog
) -> list[Judged]:
    """Its claims, beside what is proved of later steps, which is written where something is."""
    constants = job.constants(tree)
    proofs = job.proofs(tree, constants)
    if proofs is None:
        return judge_claims(tree, constants, job.claims, job.study.residual)
    for line in proofs.said:
        log.data(line)
    if proofs.file:
        writer.json(CERTIFICATES, proofs.file)
    return judge_claims(tree, constants, job.claims, job.study.residual, proofs.since)
