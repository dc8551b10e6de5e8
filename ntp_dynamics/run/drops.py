"""Observables of the user's that a job went on without, and what its reader should know of them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.observe.hooks import Hook
from ntp_dynamics.observe.measure import Unmeasurable, named
from ntp_dynamics.study import SHADOW
from ntp_dynamics.system.log import JobLog
from ntp_dynamics.system.secrets import redact

if TYPE_CHECKING:
    import xarray


class Drops:
    """Tells of each drop once, in a line; the log has the traceback."""

    def __init__(self, log: JobLog, say: Callable[[str], None]):
        self._log, self._say = log, say
        self._gone: set[tuple[str, str]] = set()
        self.told: list[str] = []

    def add(self, stage: str, step: int, why: Unmeasurable) -> None:
        """An observable that will not be measured any more in a stage."""
        if why.__cause__ is not None:
            self._log("".join(traceback.format_exception(why.__cause__)))
        stage = stage.removeprefix(SHADOW)  # what breaks in both is one mistake
        self._gone.add((stage, why.observable.name))
        note = redact(f"{why.where}: {why.what}; not measured from step {step:,} of {stage} on")
        if note not in self.told:
            self.told.append(note)
            self._say(note)

    def save(self) -> dict[str, Any]:
        """What was dropped so far, as JSON has it."""
        return {"told": self.told, "gone": sorted([*place] for place in self._gone)}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Know what was dropped before, which was told then."""
        self.told = [str(note) for note in saved["told"]]
        self._gone = {(str(stage), str(name)) for stage, name in saved["gone"]}

    @property
    def so_far(self) -> dict[str, list[str]]:
        """What the status of a job that does not finish says of it."""
        return {"notes": self.told} if self.told else {}

    def notes(self, hooks: Mapping[str, Sequence[Hook]], tree: xarray.DataTree) -> list[str]:
        """What was dropped, and what else is nan and where first: scalars of the user anywhere,
        values of the study after a number."""
        return [*self.told, *self._undefined(hooks, tree)]

    def _undefined(
        self, hooks: Mapping[str, Sequence[Hook]], tree: xarray.DataTree
    ) -> Iterator[str]:
        own = ((stage, mine) for stage, mine in hooks.items() if not stage.startswith(SHADOW))
        for stage, hook in ((stage, hook) for stage, mine in own for hook in mine):
            o = hook.observable
            if o.may_end or (stage, o.name) in self._gone or stage not in tree:
                continue
            if o.dims and not hook.own:  # padded as its author likes
                continue
            values = tree.children[stage].dataset[o.name]
            nan = np.isnan(values.values)
            if hook.own:  # of which some begin later than the phase
                nan &= np.maximum.accumulate(~nan, axis=1)
            if nan.any():
                there = np.asarray(nan.any(axis=tuple(i for i in range(nan.ndim) if i != 1)))
                first = int(values[hook.clock].values[there.argmax()])
                where = f"{there.sum()} of {there.size} steps, first at {first:,}"
                yield f"{o.name if hook.own else named(o)}: nan at {where} of {stage}"
