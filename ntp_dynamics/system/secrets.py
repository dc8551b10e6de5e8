"""Secrets stay out of everything the lab writes.

A secret is the value of an environment variable, of a key or of an argument whose name says so
(key, token, secret, pass...), and the user info of a URL.

What is free text (paths, reasons, texts of exceptions) is known where it is written, and redacted
there, before it is serialised.  The lab's own words (keys, choices, stages, claims, numbers) go to
disk as they are: `API_TOKEN=attention` blanks out no stage.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

Tree = TypeVar("Tree")
HIDDEN = "<redacted>"
SHORTEST = 6  # what is shorter is a word, a flag or a count that any text may hold

NAME = re.compile("key|token|secret|pass", re.IGNORECASE)
USER_INFO = re.compile(r"(?<=://)[^\s/?#]+(?=@)")
_NAMED = r"(?<![\w.-])[\w.-]*(?:key|token|secret|pass(?:word|wd|phrase)?)\d*"
_VALUE = r"(?!\d{1,5}\b|(?:true|false|none|null)\b)"
_QUOTED = rf"({_NAMED}['\"]?\s*[=:]\s*)(?:'[^'\n]*'|\"[^\"\n]*\")"
_PLAIN = rf"((?:{_NAMED}['\"]?\s*[=:]\s*|(?=-){_NAMED}\s+){_VALUE})[^\s,;'\"()\[\]{{}}]+"
QUOTED, PLAIN = re.compile(_QUOTED, re.IGNORECASE), re.compile(_PLAIN, re.IGNORECASE)
SOURCE_LINE = " " * 4
"""How a traceback indents code: there ``key=order`` is no secret, only ``key="..."`` may be one."""


def redact(value: Tree) -> Tree:
    """A free text, or the free texts of a tree of dicts and lists, with ``<redacted>`` in the place
    of every secret; keys stay as they are."""
    return _redact(value, _environment_secrets())


def _redact(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return _text(value, secrets)
    if isinstance(value, Mapping):
        return {
            key: _hide(item) if NAME.search(str(key)) else _redact(item, secrets)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_redact(item, secrets) for item in value]
    return value


def _hide(value: Any) -> Any:
    """What stands under a secret name: all its texts hidden; numbers and flags are no secrets."""
    if isinstance(value, str):
        return HIDDEN if value else value
    if isinstance(value, Mapping):
        return {key: _hide(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hide(item) for item in value]
    return value


def _text(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    if "://" in text:
        text = USER_INFO.sub(HIDDEN, text)
    if not NAME.search(text):  # the two patterns begin with a name: most texts end here
        return text
    return "".join(map(_line, text.splitlines(keepends=True)))


def _line(line: str) -> str:
    if not NAME.search(line):
        return line
    line = QUOTED.sub(rf"\1{HIDDEN}", line)
    return line if line.startswith(SOURCE_LINE) else PLAIN.sub(rf"\1{HIDDEN}", line)


def _environment_secrets() -> list[str]:
    """The secrets of the environment as they are, escaped and quoted; the longest first."""
    found = set()
    for name in filter(NAME.search, os.environ):
        value = os.environ[name]
        # ten digits or less are a count: TOKENS=128000 must not blank out a number of steps
        if len(value) >= (11 if value.isdecimal() else SHORTEST):
            found |= {value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value, safe="")}
    return sorted(found, key=lambda secret: (-len(secret), secret))
