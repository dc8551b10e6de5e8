"""eta_c, the step size at which the sharp laws end: by hand, by matrices, and by trajectories."""

from __future__ import annotations
