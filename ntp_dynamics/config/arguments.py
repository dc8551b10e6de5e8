"""Arguments between a shell, which gives any characters, and Hydra's grammar, which takes few.

Hydra reads ``key=value`` by a grammar in which ``= , ( # ' ~`` and letters beyond ASCII mean
something or nothing.  A key that holds a text (a path, a name) takes the text as it was typed
wherever the grammar has no reading of its own for it; what the grammar reads as several values
stays several values, and `pasted` gives the argument that means one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache, lru_cache
from typing import Any, get_type_hints

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import HydraException

ASSIGNMENT = re.compile(r"(?P<key>\+{0,2}[^=~'\"]+)=(?P<text>.*)", re.DOTALL)


@lru_cache(maxsize=1 << 16)
def parsed(override: str) -> Override:
    """One override as Hydra reads it.  Raises HydraException."""
    (found,) = _parser().parse_overrides([override])
    return found


_parser = cache(OverridesParser.create)  # half the time of a parse


def as_python(value: Any) -> Any:
    """A value as Hydra reads it, as Python has it."""
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, list):
        return [as_python(item) for item in value]
    if isinstance(value, dict):
        return {str(as_python(key)): as_python(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def quoted(value: object, mark: str = "'", interpolate: bool = False) -> str:
    """A value that Hydra's override grammar reads as it stands; with ``interpolate``, ``${...}`` in
    it keeps its meaning."""
    text = str(value)
    if not interpolate:
        text = uninterpolated(text)
    # a backslash is one, but before a quotation mark and at the end
    text = re.sub(rf"(\\*)({mark}|\Z)", lambda m: m[1] * 2 + (m[2] and "\\" + mark), text)
    return f"{mark}{text}{mark}"


def uninterpolated(text: str) -> str:
    """A text in which OmegaConf sees no ``${...}``."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", text)


def pasted(key: str, text: str) -> str:
    """The argument, to be pasted into a shell, that sets a key to exactly this text."""
    mark = "'" if '"' in text else '"'
    return shlex.quote(f"{key}={quoted(text, mark)}")


def text_keys(schema: type, prefix: str = "") -> dict[str, bool]:
    """The dotted keys of a dataclass, and of those in it, that hold a text (False) or a list of
    texts (True)."""
    keys: dict[str, bool] = {}
    for name, hint in get_type_hints(schema).items():
        if isinstance(hint, type) and is_dataclass(hint):
            keys |= text_keys(hint, f"{prefix}{name}.")
        elif hint in (str, str | None):
            keys[prefix + name] = False
        elif hint == list[str]:
            keys[prefix + name] = True
    return keys


def readable(override: str, texts: Mapping[str, bool], sweep: bool = False) -> str:
    """The override, its text quoted where Hydra would not read it as it was typed.

    ``texts`` are the keys that hold texts.  In a sweep a comma separates values.
    """
    found = ASSIGNMENT.fullmatch(override)
    if not found or (key := found["key"].lstrip("+")) not in texts:
        return override
    text = found["text"]
    try:
        value = parsed(override)
    except HydraException:
        return f"{found['key']}={_literal(text, texts[key], sweep)}"
    if texts[key] or value.is_sweep_override():
        return override
    if _as_typed(value.value(), text):
        return override
    return f"{found['key']}={quoted(text, interpolate=True)}"


def _as_typed(value: Any, text: str) -> bool:
    """Whether Hydra reads a text as it was typed: `1e3` and ` a` are not 1000.0 and `a`."""
    if isinstance(value, bool | int | float):
        return False
    return not isinstance(value, str) or isinstance(value, QuotedString) or text == text.strip()


def _literal(text: str, is_list: bool, sweep: bool) -> str:
    """What the grammar has no reading for, quoted; the items of a list one by one."""
    if is_list and text.startswith("[") and text.endswith("]"):
        return f"[{','.join(map(_item, text[1:-1].split(',')))}]"
    return ",".join(map(_item, text.split(","))) if sweep else quoted(text, interpolate=True)


def _item(text: str) -> str:
    text = text.strip()
    whole = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text if whole else quoted(text, interpolate=True)
