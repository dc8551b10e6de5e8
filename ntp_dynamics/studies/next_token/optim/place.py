"""Where descent by tensors stands, and the arrays that it is kept in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.model.growth import Growth
from ntp_dynamics.studies.next_token.optim.memory import (
    load_rule,
    load_tensor,
    save_rule,
    save_step,
    save_tensor,
)
from ntp_dynamics.studies.next_token.optim.state import Position
from ntp_dynamics.study import Saved


class Place(NamedTuple):
    """Where all runs stand, with everything that their next step depends on."""

    at: Position
    lost: list[Float[Tensor, "R A B"]]
    """What rounding took from the coefficients of each matrix (Kahan)."""
    lost_length: Float[Tensor, " R"]
    """The same of the path length."""
    memory: Any
    """Of the rule."""


def save_place(place: Place, names: Sequence[str]) -> Saved:
    """As arrays, run first; ``names`` of the matrices."""
    at, runs = place.at, len(place.lost_length)
    tensors = {"length": at.path_length, "length.lost": place.lost_length}
    for name, c, lost in zip(names, at.coefficients, place.lost, strict=True):
        tensors |= {name: c, f"{name}.lost": lost}
    if at.kept:
        tensors |= {f"{name}.kept": x for name, x in zip(names, at.kept, strict=True)}
    if at.growth:
        tensors |= {"growth.least": at.growth.least, "growth.odds": at.growth.log_odds}
    if at.least is not None:
        tensors["least"] = at.least
    arrays = {name: save_tensor(x) for name, x in tensors.items()}
    return {"step": save_step(at.step, runs), **arrays, **save_rule(place.memory, runs)}


def load_place(like: Place, names: Sequence[str], saved: Saved) -> Place:
    """The inverse, of the same form and on the same device as another place.

    Raises ValueError for arrays of another phase.
    """
    at = like.at
    coefficients = [
        load_tensor(c, saved[name]) for name, c in zip(names, at.coefficients, strict=True)
    ]
    growth = at.growth and Growth(
        load_tensor(at.growth.least, saved["growth.least"]),
        load_tensor(at.growth.log_odds, saved["growth.odds"]),
    )
    kept = at.kept and [
        load_tensor(x, saved[f"{name}.kept"]) for name, x in zip(names, at.kept, strict=True)
    ]
    least = None if at.least is None else load_tensor(at.least, saved["least"])
    length = load_tensor(at.path_length, saved["length"])
    lost = zip(names, like.lost, strict=True)
    return Place(
        Position(int(saved["step"][0]), coefficients, length, growth, kept, least),
        [load_tensor(x, saved[f"{name}.lost"]) for name, x in lost],
        load_tensor(like.lost_length, saved["length.lost"]),
        load_rule(like.memory, saved),
    )
