"""Values outside the range of each key of a configuration, found from its types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, get_args, get_type_hints


def outside(config: Any, path: str = "") -> Iterator[str]:
    """An override a key that has limits or choices, just beyond them."""
    for key, hint in get_type_hints(type(config), include_extras=True).items():
        value, where = getattr(config, key), f"{path}{key}"
        if is_dataclass(value):
            yield from outside(value, f"{where}.")
        elif isinstance(value, Enum):
            yield f"{where}=nonsense"
        elif (beyond := _beyond(hint)) is not None:
            yield f"{where}={beyond}"


def _beyond(hint: Any) -> float | None:
    """The first value that a limit refuses; None where there is no limit."""
    for kind in (hint, *get_args(hint)):  # `Annotated[...] | None` has it inside
        for field in getattr(kind, "__metadata__", ()):
            for limit in getattr(field, "metadata", ()):
                for name, step in (("ge", -1), ("gt", 0), ("le", 1), ("lt", 0)):
                    if (edge := getattr(limit, name, None)) is not None:
                        return edge + step
    return None
