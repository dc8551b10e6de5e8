"""A matrix as an image."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

ROWS = 64  # beyond these it would be an image that nobody can read
COLUMNS = 256
CELL = (8, 24)  # pixels of one value: height, width
RAMP = np.array([(247, 251, 255), (158, 202, 225), (66, 146, 198), (8, 81, 156), (8, 48, 107)])
NOTHING = (217, 200, 180)


def heatmap(
    values: Float[np.ndarray, "N K"], low: float = 0.0, high: float = 1.0
) -> UInt8[np.ndarray, "H W 3"]:
    """Values from pale (``low``) to dark blue (``high``), nan in sand; at most `ROWS` rows, rows
    without a value left out, and `COLUMNS` columns.

    Upscaled without smoothing: a cell is one value.
    """
    rows = values[~np.isnan(values).all(1)][:ROWS, :COLUMNS]
    shares = (np.clip(np.nan_to_num(rows), low, high) - low) / ((high - low) or 1.0)
    places = shares * (len(RAMP) - 1)
    colours = [np.interp(places, np.arange(len(RAMP)), channel) for channel in RAMP.T]
    image = np.where(np.isnan(rows)[..., None], NOTHING, np.stack(colours, -1))
    return image.round().astype(np.uint8).repeat(CELL[0], 0).repeat(CELL[1], 1)
