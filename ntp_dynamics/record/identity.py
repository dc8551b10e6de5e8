"""What makes two jobs the same: equal identities mean equal record bytes.

It is a hash of the configuration (but for what only says how a job runs: threads, tracking,
figures, overwriting), of the contents of the files that it names, of the package's version and of
the format of verdicts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ntp_dynamics import __version__
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.config.plain import as_dict
from ntp_dynamics.verdict.verdict import FORMAT

OF_THE_RUN = ("runtime", "tracking", "figures", "overwrite", "fail_fast")
"""Settings that change no number of a record."""


def identity(config: JobConfig, version: str = __version__, rules: int = FORMAT) -> str:
    """Sixteen hexadecimal digits; those of another version tell whether only that has changed."""
    settings = {k: v for k, v in as_dict(config).items() if k not in OF_THE_RUN}
    files = {text: _contents(text) for text in sorted(set(_texts(settings)))}
    said = [version, rules, settings, {k: v for k, v in files.items() if v}]
    return digest(said)


def digest(said: Any) -> str:
    """Of plain values; equal ones have equal digests."""
    body = json.dumps(said, sort_keys=True, ensure_ascii=True, allow_nan=True).encode()
    return hashlib.sha256(body).hexdigest()[:16]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _contents(text: str) -> str:
    """The hash of the file that a text names; empty where it names none."""
    try:
        if text and Path(text).is_file():
            found = Path(text).stat()
            return _hash(text, found.st_mtime_ns, found.st_size)
    except (OSError, ValueError):
        pass
    return ""


@lru_cache(maxsize=64)
def _hash(path: str, changed: int, size: int) -> str:
    """Once for all jobs of a sweep that name it."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
