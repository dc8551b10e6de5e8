"""The server process: on the loopback of this machine only, until Ctrl-C."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from ntp_dynamics.system.errors import UserError, escaped

HOST = "127.0.0.1"


def usable(directory: Path) -> Path:
    """The directory.  Raises UserError where there is none."""
    if not directory.is_dir():
        what = "it is not a directory" if directory.exists() else "it does not exist"
        raise UserError(str(directory), what, "give the directory of a run or a sweep")
    return directory.resolve()


def serve(root: Path, port: int) -> None:
    """Print the address and serve until Ctrl-C.  Raises UserError where the port is taken."""
    listener = bind(port)
    from ntp_dynamics.dashboard.app import make_app
    from ntp_dynamics.dashboard.connections import Server

    app = make_app(root)
    port = listener.getsockname()[1]
    server = Server(app.server, listener)
    print(f"dashboard  http://{HOST}:{port}  ({escaped(str(root))}; Ctrl-C ends it)", flush=True)
    _warm()  # whoever asks meanwhile waits
    try:
        server.serve_forever()
    finally:
        server.server_close()


def bind(port: int) -> socket.socket:
    """A socket on the loopback; port 0 takes a free one.  Raises UserError."""
    if not 0 <= port < 65536:
        raise UserError("--port", f"{port} is not a port", "give one from 1024 to 65535")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(64)
    except OSError as error:
        listener.close()
        reason = (error.strerror or "it cannot be used").lower()
        raise UserError(f"--port {port}", reason, "give another with --port") from error
    return listener


def _warm() -> None:
    """Import what opening a record needs.  Not beside a request: a page that is made while pandas
    is half imported fails."""
    import xarray

    from ntp_dynamics.record import apart

    _ = xarray
    threading.Thread(target=apart.warm, daemon=True).start()
