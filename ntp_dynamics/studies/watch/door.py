"""The Python door: ``ntp.watch``, around a loop of one's own."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ntp_dynamics.config.choices import Figures
from ntp_dynamics.config.tracking import Mode, NoTracking, WandbTracking, from_environment
from ntp_dynamics.record.outcome import one_line
from ntp_dynamics.record.store import STATUS
from ntp_dynamics.run.outside import OutsideJob
from ntp_dynamics.studies.watch.config import Setting, WatchConfig
from ntp_dynamics.studies.watch.forward import Forward
from ntp_dynamics.studies.watch.interception import compiled
from ntp_dynamics.studies.watch.layers import Layers
from ntp_dynamics.studies.watch.observables import CHANNELS, one_run
from ntp_dynamics.studies.watch.rounding import FIRES
from ntp_dynamics.studies.watch.schedule import Schedule, schedule_of
from ntp_dynamics.studies.watch.weights import Step, Weights, unwrapped, weights_of
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import new_directory
from ntp_dynamics.verdict.claim import Claim


def watch(
    model: torch.nn.Module | Mapping[str, Tensor] | Iterable[Tensor],
    every: int | Callable[[int], bool] = 100,
    *,
    directory: str | Path | None = None,
    name: str = "watch",
    settings: Mapping[str, Setting] | None = None,
    claims: Sequence[Claim] = (),
    attention: bool = True,
    tracking: Literal["none", "wandb"] = "none",
    figures: bool = False,
) -> Watch:
    """Record a training loop: ``with ntp.watch(model) as record``, and in each iteration, after the
    optimiser's step, ``record.step(loss)``.

    ``every``: how many steps lie between two recorded ones, the first of which is step 0, or a
    function that says of a step whether it is recorded.  ``directory`` is that of the record
    (``outputs/<name>/<date>_<time>``); one that holds a record is refused.  ``settings`` are what
    you want to tell records apart by, as columns of tables.  ``claims`` (phase ``training``, clock
    ``step``) are judged at the end; their laws may be made of the settings that are numbers.
    Without ``attention`` that is not looked at.  ``tracking="wandb"`` mirrors the record to Weights
    & Biases, ``figures`` draws it at the end.

    Raises UserError for what cannot be used.
    """
    caller = inspect.currentframe()
    script = None if caller is None or caller.f_back is None else caller.f_back.f_globals
    module = sys.modules.get(str((script or {}).get("__name__")))
    due = schedule_of(every)
    blind, model = compiled(model), unwrapped(model)
    weights = weights_of(model)
    texts = _settings(settings or {})
    if tracking not in ("none", "wandb"):
        raise UserError("tracking", f"{tracking!r} is not known", "use none or wandb")
    config = WatchConfig(
        study="watch",
        name=name,
        seed=torch.initial_seed() % 2**63,
        every=0 if callable(every) else every,
        model=type(model).__name__ if isinstance(model, torch.nn.Module) else "",
        parameters=weights.size,
        modules=weights.modules,
        settings=texts,
        tracking=_tracking(tracking),
        figures=Figures.auto if figures else Figures.none,
    )
    place = Path(directory or Path("outputs") / name / f"{datetime.now():%Y-%m-%d_%H-%M-%S}")
    if directory is not None and (place / STATUS).exists():
        raise UserError(str(place), "it already holds a record", "choose another directory")
    overrides = [f"{key}={text}" for key, text in texts.items()]

    def job() -> OutsideJob:
        where = place if directory is not None else new_directory(place)
        return OutsideJob(config, where, overrides, claims)

    def forward(note: Callable[[str], None]) -> Forward:
        return Forward(model, note, attention, module)

    return Watch(weights, due, job, forward, blind)


class Watch:
    """A loop that is watched, from `__enter__` to `__exit__`.

    Between recorded steps ``step`` counts, and nothing else happens.
    """

    def __init__(
        self,
        weights: Weights,
        due: Schedule,
        job: Callable[[], OutsideJob],
        forward: Callable[[Callable[[str], None]], Forward],
        blind: bool,
    ):
        self._weights, self._due, self._blind = weights, due, blind
        self._make, self._see = job, forward
        self._at = 0
        self._job: OutsideJob | None = None
        self._under_way: Step | None = None
        self._last: int | None = None
        self._broken = False
        self._layers = Layers()
        self.rounding_from: int | None = None
        """The first recorded step at which the gradient is rounding; None where none is."""

    @property
    def path(self) -> Path:
        """The directory of the record.  Raises UserError before the loop has begun."""
        return self._opened.account.writer.directory

    def __enter__(self) -> Watch:
        if self._job is not None:
            raise UserError("ntp.watch", "it has been entered before", "make a new one for a loop")
        first = self._due(0)
        self._job = self._make().__enter__()
        self._job.attributes["names_of_module"] = ", ".join(self._weights.modules)
        if self._blind:
            self._job.note(
                "the model is compiled: attention and logits in it are not seen; pass logits= and "
                "targets= to step()"
            )
        self._forward = self._see(self._job.note)
        if first:
            self._begin()
        return self

    def step(
        self,
        loss: float | Tensor | None = None,
        *,
        logits: Tensor | None = None,
        targets: Tensor | None = None,
    ) -> None:
        """An iteration has ended: its forward and backward pass and its update.

        ``loss`` is its loss, a number or a tensor of one.  ``logits`` and ``targets`` (as torch's
        cross-entropy takes them) are those of its softmax classifier, where that does not call
        `torch.nn.functional.cross_entropy` or `nll_loss`.  Raises UserError for other shapes.
        """
        at = self._at
        self._at = at + 1
        if self._under_way is not None:
            self._record(at, loss, logits, targets)
        if self._due(self._at):
            self._begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_step()
        job = self._opened
        if self._last is None and error is None:
            job.note("nothing is recorded: call step(loss) once an iteration")
        if self._layers.left and self._last is not None:  # maps of the last step are kept, too
            job.put(self._last, self._layers.left)
        job.__exit__(kind, error, trace)
        if error is None:
            job.account.tell(f"the record is in {self.path}; ntp-dashboard shows it")

    @property
    def _opened(self) -> OutsideJob:
        if self._job is None:
            raise UserError("ntp.watch", "no loop has begun", "use it as `with ntp.watch(...)`")
        return self._job

    def _begin(self) -> None:
        """The next iteration is recorded: see what it does."""
        job = self._opened
        try:
            self._under_way = step = Step(self._weights)
        except RuntimeError as error:  # no memory for a copy of the parameters
            job.note(f"step {self._at:,} is not recorded: {one_line(error)}")
            return
        if not self._blind:
            self._forward.open()
        self._unhook = _after_updates(step.look)

    def _end_step(self) -> Step | None:
        """Nothing of the loop is seen any more."""
        step, self._under_way = self._under_way, None
        if step is not None:
            self._forward.close()
            self._unhook()
        return step

    def _record(self, at: int, loss: Any, logits: Tensor | None, targets: Tensor | None) -> None:
        step = self._end_step()
        assert step is not None
        number = _number(loss)
        if (logits is None) != (targets is None):
            raise UserError("step", "logits and targets go together", "hand over both")
        try:
            if logits is not None and targets is not None:
                self._forward.logits(logits, targets)
            step.look_at_rest()
            self._keep(at, number, step)
        except Exception as error:  # a loop does not end because somebody looks at it
            self._opened.note(f"step {at:,} is not recorded: {one_line(error)}")

    def _keep(self, at: int, loss: float | None, step: Step) -> None:
        job, forward = self._opened, self._forward
        found = {**step.measured(), **forward.classifier}
        if loss is not None:
            found["loss"] = loss
            if not np.isfinite(loss) and not self._broken:
                self._broken = True
                job.note(f"the loss is {loss} at step {at:,}")
        measured = [(CHANNELS[key], one_run(value)) for key, value in found.items()]
        measured += self._layers.measured(at, forward.layers)
        if self._layers.names:
            job.attributes["names_of_layer"] = ", ".join(self._layers.names)
        job.put(at, measured)
        self._last = at
        self._look_at_rounding(at, found)

    def _look_at_rounding(self, at: int, found: Mapping[str, Any]) -> None:
        error = found.get("gradient_error", 0.0)
        if self.rounding_from is None and error > FIRES:
            job = self._opened
            self.rounding_from = at
            job.attributes["rounding_from"] = str(at)
            job.note(
                f"from step {at:,} on the {self._forward.dtype} gradient of the loss is rounding: "
                f"it is off by {error:.1%} (smallest margin {found['margin_min']:.1f}); what is "
                "learnt from here on is not what the loss asks for (docs/watch.md)"
            )


def _number(loss: Any) -> float | None:
    if loss is None:
        return None
    if isinstance(loss, Tensor) and loss.numel() != 1:
        what = f"it has shape {tuple(loss.shape)}, not one number"
        raise UserError("loss", what, "hand over its mean")
    try:
        return float(loss.detach() if isinstance(loss, Tensor) else loss)
    except (TypeError, ValueError):
        what = f"{type(loss).__name__} is no number"
        raise UserError("loss", what, "hand over a float or a tensor of one") from None


def _after_updates(look: Callable[[Iterable[Tensor]], None]) -> Callable[[], None]:
    """Show the parameters of every optimiser of torch right after its update; undone by calling
    what this returns."""
    from torch.optim.optimizer import register_optimizer_step_post_hook

    def updated(optimizer: Any, args: Any, kwargs: Any) -> None:
        look(p for group in optimizer.param_groups for p in group["params"])

    return register_optimizer_step_post_hook(updated).remove


def _settings(settings: Mapping[str, Setting]) -> dict[str, str]:
    """As text.  Raises UserError."""
    for key, value in settings.items():
        if not (isinstance(key, str) and key.replace(".", "_").isidentifier()):
            raise UserError("settings", f"{key!r} is not a name", "use letters, digits and _")
        if not isinstance(value, Setting):
            what = f"{key} is {type(value).__name__}"
            raise UserError("settings", what, "give a number, a text, a bool or None")
    words = {True: "true", False: "false", None: "null"}
    return {
        key: words[value] if value is None or isinstance(value, bool) else str(value)
        for key, value in settings.items()
    }


def _tracking(where: str) -> NoTracking | WandbTracking:
    if where == "none":
        return NoTracking()
    return WandbTracking(Mode(from_environment("mode")), from_environment("project"))
