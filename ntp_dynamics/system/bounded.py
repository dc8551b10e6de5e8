"""Files that anybody may have written: opened, read and parsed within limits.

Nothing here waits (a pipe without a writer), follows a link, builds objects that a file names, or
grows beyond what the size of the file allows.
"""

from __future__ import annotations

import json
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Any, NoReturn

import yaml

from ntp_dynamics.system.disk import size_in_words
from ntp_dynamics.system.errors import UserError

DEEPEST = 40
"""Levels of JSON or YAML; what a job writes has fewer than ten."""
ALIASES = 10
"""Of a YAML text: each can double what it means.  A job writes none."""
EVENTS = 100_000
"""Of a YAML text: scalars, and begins and ends of lists and mappings."""
TEXT = 1 << 20
"""Bytes of a text that is read at once: a configuration or a status has some thousand."""
DAMAGED = "the record is damaged; run the job again"

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, where PyYAML was built with it, is ten times faster."""


def opened(path: Path, largest: int) -> BufferedReader:
    """A regular file of so many bytes at most, to be read and closed.  Raises UserError; of one
    that is not there FileNotFoundError."""
    try:
        kind = os.lstat(path).st_mode
        if not stat.S_ISREG(kind):
            raise UserError(str(path), f"it is {_kind(kind)}, no file", DAMAGED)
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb")
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise UserError(str(path), f"it cannot be read ({reason})", DAMAGED) from error
    found = os.fstat(file.fileno())
    if stat.S_ISREG(found.st_mode) and found.st_size <= largest:
        return file
    file.close()
    what = f"it has {size_in_words(found.st_size)}, more than {size_in_words(largest)}"
    raise UserError(str(path), what, DAMAGED)


def read(path: Path, largest: int = TEXT) -> bytes:
    """The bytes of a file, so many at most.  Raises as `opened`."""
    with opened(path, largest) as file:
        body = file.read(largest + 1) or b""
    if len(body) > largest:  # it grew
        raise UserError(str(path), f"it has more than {size_in_words(largest)}", DAMAGED)
    return body


def json_of(body: bytes, where: Path) -> Any:
    """A JSON text of finite numbers and few levels.  Raises UserError."""
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UserError(str(where), "it cannot be read (not JSON)", DAMAGED) from error
    level, depth = [found], 0
    while level := [x for each in level for x in _within(each) if isinstance(x, dict | list)]:
        depth += 1
        if depth > DEEPEST:
            raise UserError(str(where), f"it has more than {DEEPEST} levels", DAMAGED)
    return found


def yaml_of(body: bytes, where: Path) -> Any:
    """Plain values of a YAML text, without tags, of few aliases and levels.  Raises UserError."""
    try:
        text = body.decode("utf-8")
        _look(text, where)
        return yaml.load(text, Loader=LOADER)
    except (ValueError, TypeError, yaml.YAMLError, RecursionError) as error:
        raise UserError(str(where), "it cannot be read (not YAML)", DAMAGED) from error


def _look(text: str, where: Path) -> None:
    """Before anything is built: the parser of events holds no more than it reads."""
    depth = aliases = 0
    for count, event in enumerate(yaml.parse(text, Loader=LOADER)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        aliases += isinstance(event, yaml.AliasEvent)
        tagged = getattr(event, "tag", None) is not None
        if tagged or depth > DEEPEST or aliases > ALIASES or count > EVENTS:
            what = "it has tags, or more aliases, levels or entries than a configuration"
            raise UserError(str(where), what, DAMAGED)


def _within(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    )  # fmt: skip
    return next((name for test, name in kinds if test(mode)), "a device")
