"""matplotlib with the lab's own settings, whatever the user's are.

A user's matplotlibrc, MPLBACKEND and `rcParams` neither reach a figure of the lab nor are changed
by one.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

LOOK: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titley": 1.0,  # else every drawing looks for a place above all ticks
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.2,
    "legend.fontsize": 8,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "legend.borderpad": 0.2,
    "pdf.fonttype": 42,  # fonts a publisher accepts
    "text.parse_math": False,  # a token $x$ is no formula; what is one says so itself
}
CHATTY = ("matplotlib", "fontTools")
"""They log what is wrong with the user's own settings and fonts, which are not used here."""

DRAWING = threading.RLock()
"""Held while a figure is drawn: the settings of matplotlib are those of the whole process."""


@contextmanager
def own_style() -> Iterator[None]:
    """Draw inside with the lab's settings, one thread at a time."""
    with DRAWING, _quiet():
        matplotlib = load()
        defaults = {k: v for k, v in matplotlib.rcParamsDefault.items() if k != "backend"}
        with matplotlib.rc_context({**defaults, **LOOK}):
            yield


def load() -> ModuleType:
    """Import matplotlib, also where the user's own settings would not let it."""
    try:
        return import_module("matplotlib")
    except (ValueError, OSError):  # a bad MPLBACKEND, a matplotlibrc that cannot be read
        for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]  # what the attempt left half done
        spec = find_spec("matplotlib")
        if spec is None or spec.origin is None:
            raise
        backend = os.environ.pop("MPLBACKEND", None)
        try:
            with chdir(Path(spec.origin).parent / "mpl-data"):  # its own matplotlibrc comes first
                return import_module("matplotlib")
        finally:
            if backend is not None:
                os.environ["MPLBACKEND"] = backend


@contextmanager
def _quiet() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in CHATTY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
