"""The bytes of a text: of a file, of a gzip file, or of standard input."""

from __future__ import annotations

import gzip
import sys
import zlib
from pathlib import Path

from ntp_dynamics.system.errors import UserError

STANDARD_INPUT = "-"
GZIP = b"\x1f\x8b"
MARK = "\ufeff"
"""The byte order mark that some editors put before a file."""


def content_of(path: Path) -> bytes:
    """What a file holds, unpacked where it is gzip; ``-`` is standard input.

    Raises UserError for what cannot be read or unpacked.
    """
    try:
        content = sys.stdin.buffer.read() if is_input(path) else path.read_bytes()
        return gzip.decompress(content) if content.startswith(GZIP) else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        what = "it begins as gzip and cannot be unpacked"
        raise UserError(told(path), what, "give the whole file") from error
    except (OSError, ValueError) as error:  # the latter: a zero in the name
        reason = (getattr(error, "strerror", None) or "it cannot be read").lower()
        raise UserError(told(path), reason, "give a readable file") from error


def text_of(path: Path) -> str:
    """What a file says.  Raises UserError where that is not UTF-8."""
    content = content_of(path)
    try:
        return content.decode().removeprefix(MARK)
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, byte = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        what = f"byte {byte} of the line is not UTF-8 text"
        raise UserError(f"{told(path)}:{line}", what, "give a text in UTF-8") from error


def is_input(path: Path) -> bool:
    """Whether standard input is meant."""
    return str(path) == STANDARD_INPUT


def told(path: Path) -> str:
    """A source for a person."""
    return "standard input" if is_input(path) else str(path)
