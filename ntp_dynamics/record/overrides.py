"""What was asked of a job, as values: overrides as its status has them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


def typed_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Keys and values of overrides as Hydra reads them: numbers, booleans, lists, null as None; a
    text where they are none of these.  A deleted key has none."""
    return dict(_typed(override) for override in overrides if not override.startswith("~"))


LONGEST = 4096
"""Characters of an override that is read as a value, and a hundred times the brackets: what a
person wrote has fewer, and the grammar takes its time."""


@cache
def _typed(override: str) -> tuple[str, Any]:
    from hydra.errors import HydraException

    from ntp_dynamics.config.arguments import as_python, parsed

    key, _, text = override.lstrip("+").partition("=")
    if len(override) > LONGEST or sum(map(override.count, "[{(")) > LONGEST // 100:
        return key, text
    try:
        return key, as_python(parsed(override).value())
    except (HydraException, RecursionError):
        return key, text
