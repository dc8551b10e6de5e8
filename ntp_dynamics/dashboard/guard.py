"""What the server refuses, and what it tells the browser to refuse.

* Requests whose Host is not this machine's loopback (a page elsewhere that rebinds its name to
  127.0.0.1 reaches nothing), and requests that a page of another origin sends.
* Every path that is not one of the routes below, written in plain letters; every method but GET,
  and POST to Dash's own callback route, which computes and writes nothing.
* A question that Dash cannot read: 400, in one line, as every refusal is.
* In the browser: any script, style sheet, image or connection from elsewhere, any inline script but
  the one line by which Dash starts (allowed by its hash), and being framed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException

from ntp_dynamics.dashboard.faults import complain

KEY = r"[0-9a-f]{12}"
PAGES = rf"/|/compare|/(?:sweep|job|view/[a-z_]{{1,40}})/{KEY}"
FILES = rf"/plotly\.min\.js|/jobs/{KEY}\.csv|/(?:assets|studies/\w+)/[\w-]+\.(?:css|js)"
DASH = (
    r"/_dash-(?:layout|dependencies)|/_dash-component-suites/(?:[\w-]+/)*[\w.@-]+\.(?:js|css|map)"
)
GET = re.compile(rf"(?:{PAGES}|{FILES}|{DASH})\Z")
POST = re.compile(r"/_dash-update-component\Z")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LARGEST_REQUEST = 4 << 20


def protect(server: Flask, script_hashes: Iterable[str]) -> None:
    """Put the guard before every route of a server, and the headers behind."""
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    headers = {
        "Content-Security-Policy": policy(script_hashes),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

    @server.before_request
    def refuse() -> None:
        """What comes from elsewhere, asks for more than reading, or names no route."""
        if not from_here(request.headers.get("Host", "")):
            abort(403)
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
            abort(403)
        if request.headers.get("Sec-Fetch-Site", "none") == "cross-site":
            abort(403)
        allowed = {"GET": GET, "HEAD": GET, "POST": POST}.get(request.method)
        if allowed is None:
            abort(405)
        if not allowed.match(raw_path()):
            abort(404)

    @server.errorhandler(Exception)
    def said(error: Exception) -> tuple[str, int, dict[str, str]]:
        """Every refusal in one line.  Callbacks answer whatever happens, so what breaks a POST is
        the question."""
        plain = {"Content-Type": "text/plain; charset=utf-8"}
        if isinstance(error, HTTPException):
            code = error.code or 500
            return f"{error.name.lower()}\n", 400 if code == 415 else code, plain
        if request.method == "POST":
            return "the question is malformed\n", 400, plain
        complain("a page", error)
        return "this page could not be made\n", 500, plain

    @server.after_request
    def tell(response: Response) -> Response:
        """The headers that tell the browser what a page may do."""
        response.headers.update(headers)
        return response


def policy(script_hashes: Iterable[str]) -> str:
    """The Content-Security-Policy.  Dash and plotly set styles inline, so styles may be; scripts
    may not."""
    scripts = " ".join(["'self'", *script_hashes])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def from_here(host: str) -> bool:
    """Whether a Host header names the loopback of this machine, with any port (an ssh tunnel may
    have moved it)."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return False
    return parts.hostname in LOOPBACK and not parts.username and not parts.path


def raw_path() -> str:
    """The path as it was sent, before anything was decoded."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.path
    return str(raw).partition("?")[0]
