"""ntp-dynamics: a transformer training-dynamics lab.

    import ntp_dynamics as ntp
    record = ntp.train(["experiment=smoke", "seed=1"])
    record.trajectory["attention"]["direction_gap_kq"]

Names are imported when they are used, so that ``import ntp_dynamics`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ntp_dynamics.api import train
    from ntp_dynamics.data.corpus import Corpus
    from ntp_dynamics.lab.claim import Claim
    from ntp_dynamics.lab.errors import UserError, UserErrors
    from ntp_dynamics.lab.judge import judge
    from ntp_dynamics.lab.law import Law
    from ntp_dynamics.observe.observables import observable
    from ntp_dynamics.record import Record, load_run, load_sweep
    from ntp_dynamics.theory.assumptions import check

__version__ = "0.1.0"
__all__ = [
    "Claim",
    "Corpus",
    "Law",
    "Record",
    "UserError",
    "UserErrors",
    "check",
    "judge",
    "load_run",
    "load_sweep",
    "observable",
    "train",
]

_HOME = {
    "Claim": "lab.claim",
    "Corpus": "data.corpus",
    "Law": "lab.law",
    "Record": "record",
    "UserError": "lab.errors",
    "UserErrors": "lab.errors",
    "check": "theory.assumptions",
    "judge": "lab.judge",
    "load_run": "record",
    "load_sweep": "record",
    "observable": "observe.observables",
    "train": "api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
