"""Where the students of a run start: points, or a clump too tight for points.

A clump keeps its centre and its deviations apart, the deviations by pattern and log of size: in
points of double precision deviations below 1e-16 of the distance do not exist.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching.config import Init, Pattern, ScoreMatchingConfig, Start
from ntp_dynamics.studies.score_matching.loss.sample import Purpose, stream
from ntp_dynamics.system.errors import UserError


@dataclass(frozen=True)
class Starts:
    """Of R runs: student i is at centre + e^log_spread z_i; the centre is on the first axis."""

    centre: Float[np.ndarray, " d"]
    z: Float[np.ndarray, "R n d"]
    log_spread: float

    @property
    def points(self) -> Float[np.ndarray, "R n d"]:
        """As they are in double precision."""
        return self.centre + math.exp(self.log_spread) * self.z

    @property
    def log_largest(self) -> Float[np.ndarray, " R"]:
        """ln of the largest deviation from the centre of the mixture."""
        away = np.linalg.norm(self.z, axis=2).max(axis=1)
        with np.errstate(divide="ignore"):
            return self.log_spread + np.log(away)


def starts(config: ScoreMatchingConfig, numbers: Sequence[int], table: np.ndarray | None) -> Starts:
    """Of these runs; ``table``: the points that were read, if any."""
    n, d, init = config.model.students, config.model.dim, config.init
    axis, kind = np.eye(d)[0], config.init.kind
    if table is not None:
        return Starts(np.zeros(d), np.tile(table, (len(numbers), 1, 1)), 0.0)
    draws = [stream(config.seed, run, Purpose.start) for run in numbers]
    if kind is Start.ball:
        points = [draw.standard_normal((n, d)) for draw in draws]
        radii = np.stack([draw.uniform(0, 1, n) ** (1 / d) for draw in draws])
        units = np.stack([x / np.linalg.norm(x, axis=1, keepdims=True) for x in points])
        return Starts(np.zeros(d), init.radius * radii[:, :, None] * units, 0.0)
    if kind is Start.gaussian:
        z = init.sd * np.stack([draw.standard_normal((n, d)) for draw in draws])
        return Starts(init.distance * axis, z, 0.0)
    if kind is Start.necessity:
        z = np.zeros((len(numbers), n, d))
        z[:, 0, 0] = -math.exp(-init.distance / 100)
        return Starts(init.distance * axis, z, 0.0)
    z = np.stack([deviations(init, n, d, draw) for draw in draws])
    if kind is Start.far:
        z = math.exp(init.log_spread) * z
        z[:, 0] = -init.distance * axis
        return Starts(init.distance * axis, z, 0.0)
    return Starts(init.distance * axis, z, init.log_spread)


def deviations(
    init: Init, n: int, d: int, draw: np.random.Generator | None
) -> Float[np.ndarray, "n d"]:
    """The pattern of a clump."""
    z = np.zeros((n, d))
    if init.pattern is Pattern.list:
        z[:, 0] = init.deviations
    elif init.pattern is Pattern.equispaced:
        z[:, 0] = equispaced(n)
    else:
        assert draw is not None
        z = draw.standard_normal((n, d))
    return z


def equispaced(n: int) -> Float[np.ndarray, " n"]:
    """Numbers at equal distances with mean 0 and mean square 1; a single one is 0."""
    x = np.arange(n) - (n - 1) / 2
    return x / np.sqrt((x**2).mean()) if n > 1 else x


def identical(config: ScoreMatchingConfig) -> bool:
    """Whether nothing is drawn, so that all runs are one."""
    init = config.init
    drawn = init.kind in (Start.ball, Start.gaussian) or (
        init.kind in (Start.clump, Start.far) and init.pattern is Pattern.gaussian
    )
    return not drawn


def read(file: str, students: int, dim: int) -> Float[np.ndarray, "n d"]:
    """The points of a csv.  Raises UserError."""
    path, rows = Path(file), []
    remedy = f"give {students} rows of {dim} numbers"
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a text"
        raise UserError("init.points", f"{file}: {why}", "name a csv, a row a student") from error
    for number, line in enumerate(lines, 1):
        cells = line.split(",")
        if len(cells) != dim:
            what = f"row {number} has {len(cells)} coordinates, dim is {dim}"
            raise UserError("init.points", what, remedy)
        try:
            rows.append([float(cell) for cell in cells])
        except ValueError as error:
            raise UserError(
                "init.points", f"row {number} holds what is no number", remedy
            ) from error
    if len(rows) != students:
        raise UserError("init.points", f"{len(rows)} rows for {students} students", remedy)
    table = np.array(rows)
    if not np.isfinite(table).all() or np.abs(table).max() > 1e100:
        raise UserError("init.points", "a coordinate is not finite or beyond 1e100", remedy)
    return table
