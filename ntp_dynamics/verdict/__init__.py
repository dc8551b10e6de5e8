"""How a claim is judged: laws, bounds, rates, verdicts."""

from ntp_dynamics.verdict import curved as _curved  # noqa: F401 - laws that `Law` constructs
from ntp_dynamics.verdict import sample as _sample  # noqa: F401
