"""Where the config files of the lab lie, and which experiments there are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def config_dir() -> Path:
    """`conf/`: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def experiments(places: Iterable[Path]) -> list[str]:
    """The experiments below these directories; those in a folder as `folder/name`."""
    found = set()
    for place in places:
        root = place / "experiment"
        found |= {str(p.relative_to(root).with_suffix("")) for p in root.rglob("*.yaml")}
    return sorted(found)
