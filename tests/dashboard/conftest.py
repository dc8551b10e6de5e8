"""Real records, a real server and, where there is one, a real browser."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ntp_dynamics as ntp
from tests.sealing import seal
from tests.small_jobs import CYCLE, SMALL


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder of one's own."""
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(cache))
        yield cache


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sweep of four jobs and a job whose corpus has a cycle."""
    root = tmp_path_factory.mktemp("records")
    for number, (optimizer, seed) in enumerate((o, s) for o in ("ngd", "gd") for s in (0, 1)):
        overrides = [*SMALL, f"optimizer={optimizer}", f"seed={seed}"]
        ntp.train(overrides, root / "sweep" / str(number))
    (root / "cycle.jsonl").write_text(CYCLE)
    corpus = ["dataset=file", f"dataset.path={root / 'cycle.jsonl'}", "runs=1"]
    ntp.train([*SMALL, *corpus, "train.attention.step_size=0.1"], root / "cycle")
    return root


@dataclass
class Served:
    """A dashboard that answers on a port of the loopback."""

    url: str
    port: int
    site: Any


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], Served]]:
    """Starts dashboards on roots."""
    from ntp_dynamics.dashboard.app import make_app
    from ntp_dynamics.dashboard.connections import Server
    from ntp_dynamics.dashboard.serve import bind

    servers = []

    def start(root: Path) -> Served:
        app = make_app(root)
        server = Server(app.server, bind(0))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return Served(f"http://127.0.0.1:{server.port}", server.port, app.server.config["SITE"])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


COMMAND = "from ntp_dynamics.cli import dashboard; dashboard()"


@pytest.fixture(scope="session")
def dashboard() -> Iterator[Callable[[Path], str]]:
    """Starts the command on roots, as a user does, and gives their addresses."""
    running = []

    def start(root: Path) -> str:
        command = [sys.executable, "-c", COMMAND, str(root), "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return process.stdout.readline().split()[1]

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.communicate(timeout=20)


@pytest.fixture(scope="session")
def status_only() -> Callable[..., Path]:
    """Writes the status file of a job and a manifest of it, and nothing else."""

    def write(directory: Path, **fields: Any) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        status = {"state": "done", "overrides": [], "reason": None, **fields}
        (directory / "status.json").write_text(json.dumps(status))
        seal(directory, "status.json")
        return directory

    return write
