"""Records that know which of their parts were read, so that no row can misstate its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool

from ntp_dynamics.record.record import Record
from ntp_dynamics.studies.next_token.data.corpus import Corpus

if TYPE_CHECKING:
    import xarray

EVALUATED = "evaluated"
"""The source of a row that reads nothing of what a run did: theory, corpora, configuration."""


class Watched:
    """A record whose trajectory and verdicts note that they were read.

    The configuration, the corpora, the targets and the constants of the claims are known without
    training; reading them leaves no note.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self.parts: set[str] = set()

    @property
    def config(self) -> Any:
        return self._record.config

    @property
    def corpora(self) -> list[Corpus]:
        return self._record.corpora

    @cached_property
    def constants(self) -> Any:
        """All but its ``pure`` and ``observed``, which quote the record, are known beforehand."""
        return self._record.constants

    @property
    def pure(self) -> Bool[np.ndarray, " R"]:
        """Runs whose logits after stage 1 make attention on the optimal token alone the best."""
        self.parts.add("trajectory")
        return self.constants.pure

    @property
    def targets(self) -> xarray.Dataset:
        return self._record.trajectory.children["targets"].dataset

    @property
    def queries(self) -> list[list[int]]:
        """The queries of each run, in the order of the columns of the scores."""
        ids = self._record.trajectory.dataset["query_id"].values
        return [[int(q) for q in run if q >= 0] for run in ids]

    @property
    def trajectory(self) -> xarray.DataTree:
        self.parts.add("trajectory")
        return self._record.trajectory

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        self.parts.add("verdicts")
        return self._record.verdicts

    def stage(self, name: str) -> xarray.Dataset:
        """What was recorded of one stage."""
        return self.trajectory.children[name].dataset


Records = Mapping[str, Watched]
"""The records of an experiment, by the overrides of their jobs."""


def forget(records: Records) -> None:
    """Wipe the notes."""
    for record in records.values():
        record.parts.clear()


def source(records: Records) -> str:
    """What was read since the notes were wiped: trajectory, verdicts, both, or evaluated."""
    read = set().union(*(record.parts for record in records.values())) if records else set()
    return " and ".join(sorted(read)) or EVALUATED
