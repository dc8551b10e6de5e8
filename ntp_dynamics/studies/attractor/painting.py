"""Panels of this study, painted by functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Painter = Callable[..., None]
"""Of axes, the dataset of a phase (`data`) and that of theory's curves (`theory`)."""


@dataclass(frozen=True)
class Painting:
    """A panel that a function paints."""

    title: str
    paint: Callable[[Axes], None]

    def draw(self, ax: Axes) -> None:
        """Paint it, under its title."""
        self.paint(ax)
        ax.set_title(self.title, loc="left")


def last(data: Any, name: str) -> Float[np.ndarray, "R ..."]:
    """What was recorded last."""
    return data[name].values[:, -1]
