"""Names by which a clock and a quantity are known, where nobody says which columns they are."""

from __future__ import annotations

from collections.abc import Iterable

CLOCKS = (
    "t", "step", "global_step", "_step", "steps", "iteration", "iterations", "iter", "it", "n", "k",
    "round", "epoch", "samples", "tokens", "size", "width", "arms", "horizon", "time", "x",
)  # fmt: skip
"""The first of them that is there is t."""
QUANTITIES = (
    "y", "loss", "train_loss", "train/loss", "training_loss", "error", "gap", "regret", "value",
    "excess", "risk", "eval_loss", "val_loss", "eval/loss", "val/loss",
)  # fmt: skip
"""The first of them that is there is y."""
BESIDE = frozenset(
    {"lr", "learning_rate", "seed", "run", "wall_time", "timestamp", "_timestamp", "_runtime"}
    | {"index", "train/epoch", "train/global_step", "grad_norm"}
) | frozenset(CLOCKS)
"""Never y unless it is asked for."""


def first_clock(names: Iterable[str]) -> str | None:
    """The name that is known best as a clock, whatever its case."""
    return _first(CLOCKS, names)


def first_quantity(names: Iterable[str]) -> str | None:
    """The name that is known best as a quantity, whatever its case; else by its last part, where
    one name alone has it: training/loss is the loss."""
    names = list(names)
    if found := _first(QUANTITIES, names):
        return found
    for known in QUANTITIES:
        if len(alike := ending_in(known, names)) == 1:
            return alike[0]
    return None


def ending_in(part: str, names: Iterable[str]) -> list[str]:
    """The names of which this is the last part, after a stroke."""
    return [name for name in names if name.strip().lower().rpartition("/")[2] == part.lower()]


def _first(known: Iterable[str], names: Iterable[str]) -> str | None:
    written = {name.strip().lower(): name for name in reversed(list(names))}
    return next((written[name] for name in known if name in written), None)
