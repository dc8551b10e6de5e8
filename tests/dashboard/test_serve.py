"""The command says in a line where it serves, or why it does not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from ntp_dynamics.cli import dashboard
from ntp_dynamics.dashboard import connections
from ntp_dynamics.dashboard.connections import MOST
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


def sent(port: int, text: bytes) -> bytes:
    """What is answered to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as line:
        line.sendall(text)
        found = b""
        while piece := line.recv(65536):
            found += piece
    return found


POST = b"POST /_dash-update-component HTTP/1.1\r\nHost: localhost\r\n"
JSON = POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
QUESTIONS = [
    b"{", b"", b"null", b"3", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"output": 3}',
    b'{"output": "no.such", "inputs": [], "changedPropIds": []}',
    b'{"output": "ask.data", "outputs": 1, "inputs": 2, "changedPropIds": 3}',
    b'{"output": "answer.data", "outputs": {}, "inputs": [1], "state": {}, "changedPropIds": [1]}',
]  # fmt: skip
MALFORMED = [
    b"\0\xff\xfe\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9.9\r\n\r\n",
    b"GET / HTTP/1.1 more\r\n\r\n", b"G" * 70_000 + b"\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\n\r\n",
    b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    *(POST + b"Content-Length: " + x + b"\r\n\r\n{}" for x in (b"x", b"-1", b"1e3", b"9" * 400)),
    POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    *(JSON % (len(x), x) for x in QUESTIONS),
]  # fmt: skip


def test_what_is_no_request_is_answered_400_in_one_line(
    tmp_path: Path, serve: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    port = serve(tmp_path).port
    for request in MALFORMED:
        head, _, body = sent(port, request).partition(b"\r\n\r\n")
        assert head.split(b"\r\n")[0].split()[1:2] == [b"400"], (request[:80], head)
        assert len(body.splitlines()) == 1, request[:80]
        assert b"Traceback" not in body
    assert capfd.readouterr().err == ""


def test_connections_that_ask_nothing_keep_nobody_waiting(tmp_path: Path, serve: Any) -> None:
    """Half a head, half a body, nothing at all: each has a thread until somebody else wants it."""
    port, before = serve(tmp_path).port, threading.active_count()
    halves = (b"", b"GET / HTT", POST + b"Content-Length: 100\r\n\r\n{")
    opened = []
    for i in range(3 * MOST):
        opened.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        opened[-1].sendall(halves[i % 3])
    whole = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert sent(port, whole).startswith(b"HTTP/1.1 200 ")
    assert threading.active_count() - before < 1.5 * MOST
    for line in opened:
        line.close()


def test_a_connection_that_asks_too_slowly_is_closed(
    tmp_path: Path, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "ASKING_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", serve(tmp_path).port), timeout=10) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert line.recv(100) == b""
