"""Observables of the user's, measured once before anything is trained."""

from __future__ import annotations

from ntp_dynamics.config import Stage
from ntp_dynamics.job import Job
from ntp_dynamics.lab.errors import UserErrors
from ntp_dynamics.model.init import exact_margin
from ntp_dynamics.observe.hooks import observe
from ntp_dynamics.observe.measure import Unmeasurable, is_ours
from ntp_dynamics.optim.choice import choose
from ntp_dynamics.phases import objective_of

MARGIN = 1.0
"""Of the logits that the attention stage would have from the stage before it."""


def rehearse(job: Job) -> None:
    """Measure what is due at step 0 of each stage; that of attention has logits of equal margins.

    A mistake that shows there costs no training.  Raises Unmeasurable, or UserErrors where there
    are several.
    """
    mistakes: list[Unmeasurable] = []

    def note(stage: Stage, step: int, why: Unmeasurable) -> None:
        if isinstance(why.__cause__, KeyboardInterrupt):
            raise why.__cause__
        mistakes.append(why)

    for stage in job.config.stages:
        hooks = [hook for hook in job.hooks[stage] if not is_ours(hook.observable)]
        if any(0 in hook.steps for hook in hooks):
            logits = exact_margin(MARGIN, job.batch)
            objective = objective_of(job, stage, logits, choose(job.config).slopes)
            observe(hooks, objective.state(objective.start), job.reference, job.sizes, note)
    told = {str(mistake): mistake for mistake in mistakes}  # one of all stages is one mistake
    if len(told) == 1:
        raise mistakes[0]
    if told:
        raise UserErrors(list(told.values()))
