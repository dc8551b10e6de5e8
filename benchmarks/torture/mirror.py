"""W1: Weights & Biases that is slow, refuses, breaks, or is not there; no record notices."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.torture.experiment import Counts, Experiment, Workshop
from benchmarks.torture.full_disk import disk_of, may_mount
from benchmarks.torture.jobs import TINY
from benchmarks.torture.records import Bytes, record_bytes
from benchmarks.torture.shim import VARIABLE

KEY = "0123456789" * 4
ALLOWED = 5.0
"""Seconds that a mirror may cost beyond what an offline one does."""
ONLINE = "tracking.mode=online"


def run(workshop: Workshop) -> Counts:
    """Three times each; a process of its own each time, as its imports count."""
    counts, times = Counts(), workshop.size(3, 1)
    place = workshop.fresh("plain")
    _, expected = _timed(place, {}, "tracking=none")
    offline = min(_timed(workshop.fresh("offline"), {}, "tracking=wandb")[0] for _ in range(2))
    counts.measured["seconds of a job with an offline mirror"] = round(offline, 2)
    for name, conditions in _ways(workshop):
        for _ in range(times):
            with conditions as (environment, more):
                place = workshop.fresh(name.replace(" ", "-"))
                took, found = _timed(place, environment, "tracking=wandb", *more)
            counts.tried[name] += 1
            key = "seconds that a broken mirror costs beyond an offline one (the most)"
            cost = round(max(0.0, took - offline), 2)
            counts.measured[key] = max(cost, counts.measured.get(key, 0.0))
            if cost > ALLOWED:
                counts.faults.append(f"{name}: {cost} s more than offline")
            if found != expected:
                counts.faults.append(f"{name}: other record bytes")
    return counts


def _timed(place: Path, environment: Mapping[str, str], *overrides: str) -> tuple[float, Bytes]:
    """Seconds of a command in a process of its own, and the bytes of its record."""
    plain = [o for o in TINY if not o.startswith("tracking")]
    command = [sys.executable, "-m", "ntp_dynamics", *plain, *overrides, "hydra.run.dir=job"]
    kept = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", VARIABLE)}
    kept = {k: v for k, v in kept.items() if not k.startswith("WANDB")}
    path = os.pathsep.join([environment.get("PYTHONPATH", ""), *filter(None, sys.path)]).strip(":")
    whole = {**kept, "HOME": str(place), **environment, "PYTHONPATH": path}
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=place, env=whole, capture_output=True, text=True, timeout=300
    )
    took = time.monotonic() - began
    if done.returncode or "Traceback" in done.stderr:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr[-400:]}")
    return took, record_bytes(place / "job")


Conditions = tuple[Mapping[str, str], list[str]]


def _ways(workshop: Workshop) -> Iterator[tuple[str, _Again]]:
    yield "refused", _Again(_server, "refuses")
    yield "a black hole", _Again(_server, "listens")
    yield "errors 500", _Again(_server, "errs")
    yield "no such host", _Again(_fixed, {"WANDB_BASE_URL": "http://nowhere.invalid"}, [ONLINE])
    yield "no key", _Again(_fixed, {}, [ONLINE])
    yield "not installed", _Again(_not_installed, workshop.fresh("none"))
    yield "its folder cannot be written to", _Again(_no_folder, workshop.fresh("file"))
    if may_mount(workshop):
        yield "its disk is full", _Again(_full, workshop.fresh("full"))


class _Again:
    """Conditions that can be made several times."""

    def __init__(self, make, *given: object):
        self._make, self._given = make, given

    def __enter__(self) -> Conditions:
        self._now = self._make(*self._given)
        return self._now.__enter__()

    def __exit__(self, *error: object) -> None:
        self._now.__exit__(*error)


@contextmanager
def _fixed(environment: Mapping[str, str], more: list[str]) -> Iterator[Conditions]:
    yield environment, more


@contextmanager
def _server(how: str) -> Iterator[Conditions]:
    """A server on this machine that refuses, accepts and says nothing, or answers 500."""
    if how == "errs":
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Errs)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port, close = server.server_address[1], server.shutdown
    else:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        if how == "listens":
            listener.listen(64)
        port, close = listener.getsockname()[1], listener.close
    try:
        yield {"WANDB_BASE_URL": f"http://127.0.0.1:{port}", "WANDB_API_KEY": KEY}, [ONLINE]
    finally:
        close()


class _Errs(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_error(500)

    do_GET = do_POST

    def log_message(self, *_: object) -> None: ...


@contextmanager
def _not_installed(folder: Path) -> Iterator[Conditions]:
    """A module of its name that cannot be imported comes first."""
    (folder / "wandb.py").write_text("raise ModuleNotFoundError('No module named wandb')\n")
    yield {"PYTHONPATH": str(folder)}, []


@contextmanager
def _no_folder(folder: Path) -> Iterator[Conditions]:
    """A file lies where its folder would."""
    (folder / "here").write_text("")
    yield {"WANDB_DIR": str(folder / "here")}, []


@contextmanager
def _full(folder: Path) -> Iterator[Conditions]:
    """A disk of 16 kB for its runs."""
    with disk_of(folder, 1 << 14):
        yield {"WANDB_DIR": str(folder)}, []


MIRROR = Experiment(
    "mirror",
    "W1",
    "Weights & Biases refused, silent, answering 500, unknown host, no key, not installed, its "
    "folder or disk unusable",
    "the command takes at most 5 s more than with an offline mirror, no traceback, equal record "
    "bytes",
    run,
)
