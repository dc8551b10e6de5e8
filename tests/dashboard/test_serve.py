"""The command says in a line where it serves, or why it does not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ntp_dynamics.cli import dashboard
from ntp_dynamics.dashboard.serve import bind

SERVE = "from ntp_dynamics.cli import dashboard; dashboard()"


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        dashboard(arguments)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line


def test_what_cannot_be_served_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert "does not exist" in refused([str(tmp_path / "gone")], capsys)
    assert "not a directory" in refused([str(tmp_path / "file")], capsys)
    assert "not a port" in refused([str(tmp_path), "--port", "70000"], capsys)
    assert "int" in refused([str(tmp_path), "--port", "x"], capsys)
    export = [str(tmp_path), "--export", str(tmp_path / "page.html")]
    assert "no record" in refused(export, capsys)
    with bind(0) as taken:
        port = str(taken.getsockname()[1])
        assert "in use" in refused([str(tmp_path), "--port", port], capsys)


def test_the_server_is_on_the_loopback_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    """An empty directory is served too: records may come."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", SERVE, str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:
            assert answer.status == 200
        port = int(address.rpartition(":")[2])
        others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
        for host in others - {"127.0.0.1", "127.0.1.1", "::1"}:
            with socket.socket(socket.AF_INET6 if ":" in str(host) else socket.AF_INET) as other:
                other.settimeout(2)
                assert other.connect_ex((str(host), port)) != 0
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
