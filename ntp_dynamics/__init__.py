"""ntp-dynamics: a transformer training-dynamics lab.

    import ntp_dynamics as ntp
    record = ntp.train(["experiment=smoke", "seed=1"])
    record.trajectory["attention"]["direction_gap_kq"]

The stub beside this file says what there is and where it stands.  Names are imported when they are
used, so that ``import ntp_dynamics`` stays light.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_HOME = {
    alias.name: str(node.module)
    for node in ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")).body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
}
__all__ = list(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
