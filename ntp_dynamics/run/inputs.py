"""What a job needs beside its configuration, looked at before the first step."""

from __future__ import annotations

from collections.abc import Hashable

from ntp_dynamics import studies
from ntp_dynamics.config.compose import COMPOSING
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.system.errors import UserError, raise_all


def check_inputs(config: JobConfig) -> None:
    """Look at the files of a study, and at the modules of the user's own observables and claims.

    Raises UserError, or UserErrors for several.
    """
    errors: list[UserError] = []
    for look in (studies.find(config.study).look, _look_at_modules):
        try:
            look(config)
        except UserError as error:
            errors.append(error)
    raise_all(errors)


def needs(config: JobConfig) -> Hashable:
    """What `check_inputs` looks at: jobs with equal needs are checked together."""
    return config.study, tuple(config.hooks.modules), studies.find(config.study).needs(config)


def _look_at_modules(config: JobConfig) -> None:
    if config.hooks.modules:
        from ntp_dynamics.observe.modules import load_additions  # takes torch along

        study = studies.find(config.study)
        with COMPOSING:
            load_additions(study, study.outline(config), config.hooks.modules)
