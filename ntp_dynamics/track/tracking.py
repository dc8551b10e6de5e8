"""The tracker that a job asks for."""

from __future__ import annotations

from collections.abc import Collection

from ntp_dynamics.config.tracking import Mode, Tracking, WandbTracking, is_on
from ntp_dynamics.system.secrets import redact
from ntp_dynamics.track.tracker import Say, Subject, Tracker, first_line


def open_tracker(
    settings: Tracking, subject: Subject, say: Say, images: Collection[str] = ()
) -> Tracker:
    """The tracker of a job; ``images`` are the names of arrays that are mirrored as images.

    ``say`` is told, in one line, what a person should know: no server, a mirror that broke.
    """
    if not (isinstance(settings, WandbTracking) and is_on(settings)):
        return Tracker()
    try:
        from ntp_dynamics.track.rows import ALONE, IN_A_SWEEP
        from ntp_dynamics.track.wandb_run import open_run
        from ntp_dynamics.track.wandb_tracker import WandbTracker

        detail = ALONE if subject.group is None else IN_A_SWEEP
        run = open_run(settings, subject, say)
        return WandbTracker(run, say, detail, images, live=settings.mode is Mode.online)
    except Exception as error:
        say(redact(f"wandb: not tracked: {first_line(error)}"))
        return Tracker()
