"""Observables of the user's, measured once before anything is trained."""

from __future__ import annotations

from ntp_dynamics.observe.hooks import observe
from ntp_dynamics.observe.measure import Unmeasurable
from ntp_dynamics.run.preparation import PreparedJob
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.study import Phase
from ntp_dynamics.system.errors import UserErrors


def rehearse(job: PreparedJob) -> None:
    """Measure what is due at step 0 of each phase, in a state like the one it will have there.

    A mistake that shows there costs no training.  Raises Unmeasurable, or UserErrors where there
    are several.
    """
    mistakes: list[Unmeasurable] = []

    def note(phase: str, step: int, why: Unmeasurable) -> None:
        if isinstance(why.__cause__, KeyboardInterrupt):
            raise why.__cause__
        mistakes.append(why)

    for phase in job.phases:
        name = phase.outline.name
        mine = [hook for hook in job.hooks[name] if not hook.own]
        if not phase.outline.shadow and any(0 in hook.steps for hook in mine):
            state, sizes = _state(phase), dict(job.problem.axes)
            observe(mine, name, 0, state, job.problem.reference, sizes, note)
    told = {str(mistake): mistake for mistake in mistakes}  # one of all phases is one mistake
    if len(told) == 1:
        raise mistakes[0]
    if told:
        raise UserErrors(list(told.values()))


def _state(phase: Phase) -> object:
    if phase.rehearse is not None:
        return phase.rehearse()
    dynamics = phase.start({})
    dynamics.advance(0, NO_STEPS)
    return dynamics.state()
