"""Connections that hold nobody up: so many at a time, each so long, each asking what can be asked.

A connection that is half open, or is read slowly, keeps its thread only while nobody else wants it:
where all are taken, the one that has waited longest is closed.  What is no request is answered 400
in one line.
"""

from __future__ import annotations

import io
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from ntp_dynamics.dashboard.guard import LARGEST_REQUEST
from ntp_dynamics.system.errors import escaped

MOST = 48
"""Connections at a time, each in a thread of its own; a browser opens six."""
ASKING_SECONDS = 10.0
"""For a request to arrive."""
ANSWER_SECONDS = 60.0
"""For an answer to be taken, from the beginning of it: five megabytes through a slow tunnel."""


@dataclass
class Open:
    """A connection, and until when its other end may keep us waiting; None while we compute."""

    socket: socket.socket
    until: float | None

    def close(self) -> None:
        """Whoever reads or writes it is told that it ended."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


class Server(ThreadedWSGIServer):
    """Serves an application on a socket that listens, which is taken over."""

    daemon_threads = True

    def __init__(self, app: Any, listener: socket.socket):
        self._open: dict[int, Open] = {}
        self._room = threading.Condition()
        host, port = listener.getsockname()[:2]
        with listener:  # which is duplicated
            super().__init__(host, port, app, Handler, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._room:
            while len(self._open) >= MOST:
                waiting = [key for key, each in self._open.items() if each.until is not None]
                if waiting:
                    self._open.pop(waiting[0]).close()  # they are in the order in which they came
                else:
                    self._room.wait(1.0)
            deadline = time.monotonic() + ASKING_SECONDS
            self._open[id(request)] = Open(request, deadline)
        super().process_request(request, client_address)

    def wait_for(self, request: Any, seconds: float | None) -> None:
        """How long the other end has from now on; None while nothing is asked of it."""
        with self._room:
            if id(request) in self._open:
                until = None if seconds is None else time.monotonic() + seconds
                self._open[id(request)].until = until

    def service_actions(self) -> None:
        """Close what took too long; called twice a second."""
        super().service_actions()
        now = time.monotonic()
        with self._room:
            for each in self._open.values():
                if each.until is not None and each.until < now:
                    each.close()

    def close_request(self, request: Any) -> None:
        super().close_request(request)
        with self._room:
            found = self._open.get(id(request))
            if found is not None and found.socket is request:
                del self._open[id(request)]
            self._room.notify()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Of a connection, whatever went wrong, in a line; nothing of one that was closed."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.log("error", f"{type(error).__name__}: {error}")

    def log(self, type: str, message: str, *args: Any) -> None:
        said = (message % args if args else message).strip().splitlines()
        if type == "error" and said:
            print(f"error: dashboard: {escaped(said[-1])[:200]}", file=sys.stderr, flush=True)


class Handler(WSGIRequestHandler):
    """Reads a request whole before it is answered.  Says nothing of requests, and not which server
    this is."""

    timeout = ASKING_SECONDS
    server: Server
    body = b""

    def version_string(self) -> str:
        return "ntp-dashboard"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return

    def log_error(self, format: str, *args: Any) -> None:
        return

    def run_wsgi(self) -> None:
        """Answer what is a request; what is none, in one line."""
        if why := self._malformed():
            self.send_error(HTTPStatus.BAD_REQUEST, why)
            return
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_REQUEST:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large")
            return
        self.body = self.rfile.read(length)
        if len(self.body) < length:
            self.send_error(HTTPStatus.BAD_REQUEST, "the request ends too early")
            return
        self.server.wait_for(self.request, None)
        super().run_wsgi()

    def make_environ(self) -> dict[str, Any]:
        return {**super().make_environ(), "wsgi.input": io.BytesIO(self.body)}

    def send_response(self, code: int, message: str | None = None) -> None:
        self.server.wait_for(self.request, ANSWER_SECONDS)
        self.connection.settimeout(ANSWER_SECONDS)
        super().send_response(code, message)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """One line of plain text.  What could not be read as a request is 400, whatever rule it
        broke."""
        code = HTTPStatus.BAD_REQUEST if code < 500 and code != 413 else HTTPStatus(code)
        body = f"{escaped(message or 'the request is malformed')[:200]}\n".encode()
        self.close_connection = True
        if self.request_version == "HTTP/0.9":  # before its line was read: an answer has a head
            self.request_version = "HTTP/1.1"
        self.send_response(code, "malformed request" if code == 400 else None)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _malformed(self) -> str:
        """Why it is no request that is answered here; empty where it is one."""
        lengths = self.headers.get_all("Content-Length") or ["0"]
        if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            return "Content-Length is not a number"
        if len(lengths[0]) > 12:
            return "Content-Length is too large"
        if self.headers.get("Transfer-Encoding"):
            return "a request is sent whole, not in chunks"
        if self.headers.defects:
            return "a header is malformed"
        try:
            urlsplit(self.path)
        except ValueError:
            return "the address is malformed"
        return ""
