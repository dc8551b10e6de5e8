"""The server answers its own pages on the loopback, reads nothing else and writes nothing."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SECRET = "canary-of-another-directory"
UP = [
    "..", "%2e%2e", "%2E%2e", ".%2e", "%252e%252e", "%c0%ae%c0%ae", "..%00", "..;", "...", ".",
]  # fmt: skip
SLASH = ["/", "%2f", "%5c", "\\", "%252f", "//", "/./", "%c0%af"]
FORMS = [
    slash.join([up] * 3 + ["outside", "secret.txt"]) for up, slash in itertools.product(UP, SLASH)
]
"""80 ways to spell a path that leaves the directory."""
ROUTES = [
    "/",
    "/job/",
    "/sweep/",
    "/view/",
    "/view/corpus/",
    "/studies/",
    "/studies/next_token/",
    "/jobs/",
    "/assets/",
    "/_dash-component-suites/dash/",
]


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, status_only: Callable[..., Path], serve: Any
) -> Any:
    place = tmp_path_factory.mktemp("guard")
    (place / "outside").mkdir()
    (place / "outside/secret.txt").write_text(SECRET)
    status_only(place / "root/sweep/0", overrides=["seed=0"])
    status_only(place / "root/sweep/1", overrides=["seed=1"])
    os.symlink(place / "outside/secret.txt", place / "root/sweep/secret.txt")
    return serve(place / "root")


def ask(
    port: int, path: str, method: str = "GET", host: str | None = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    """A request with the path exactly as given."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection._validate_path = lambda url: None  # type: ignore[method-assign]
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{port}" if host is None else host)
    body = headers.pop("body", "")
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    found = answer.status, answer.read(), dict(answer.getheaders())
    connection.close()
    return found


@pytest.fixture
def opened() -> Iterator[set[str]]:
    """Every file that this process opens meanwhile."""
    paths: set[str] = set()
    watching = [True]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if watching[0] and event == "open" and isinstance(args[0], str | bytes):
            paths.add(os.fsdecode(args[0]))

    sys.addaudithook(hook)
    yield paths
    watching[0] = False


def test_no_spelling_of_a_path_leaves_the_directory(served: Any, opened: set[str]) -> None:
    assert len(set(FORMS)) == 80
    for route, form in itertools.product(ROUTES, FORMS):
        for path in (route + form, route + form + "#x", route.rstrip("/") + "//" + form):
            status, body, _ = ask(served.port, path)
            assert status in (400, 404), path
            assert SECRET.encode() not in body
    assert not [path for path in opened if "outside" in path or "secret" in path]


def test_a_study_serves_the_files_of_its_views_and_no_other(served: Any) -> None:
    status, body, headers = ask(served.port, "/studies/next_token/attention.js")
    assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert b"ntp.views.attention" in body
    assert ask(served.port, "/studies/next_token/tokens.css")[2]["Content-Type"][:8] == "text/css"
    for path in ("next_token/__init__.py", "next_token/x.js", "os/attention.js", "../attention.js"):
        assert ask(served.port, f"/studies/{path}")[0] == 404


def test_keys_that_are_in_no_index_show_nothing(served: Any) -> None:
    for key in ("0" * 12, "f" * 12):
        assert ask(served.port, f"/jobs/{key}.csv")[0] == 404
        answer = json.loads(callback(served.port, "/job/" + key))
        assert "not in the index" in str(answer)
    for key in ("sweep", "0", "0" * 11, "0" * 13, "G" * 12, "/etc/passwd", "0" * 12 + "%00"):
        assert ask(served.port, f"/jobs/{key}.csv")[0] == 404
        assert ask(served.port, f"/job/{key}")[0] == 404


HOSTS = [
    "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example",
    "127.0.0.1@evil.example", "evil.example@127.0.0.1", "0.0.0.0", "10.0.0.1", "[::]", "",
    "127.0.0.2", "127.0.0.1/evil.example", "2130706433", "[::1", "127.0.0.1:port",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_forged_host_is_refused(served: Any, host: str) -> None:
    assert ask(served.port, "/", host=host)[0] == 403


@pytest.mark.parametrize("host", ["localhost:8050", "127.0.0.1", "[::1]:9000", "LOCALHOST:1"])
def test_the_loopback_is_answered_through_any_forwarded_port(served: Any, host: str) -> None:
    assert ask(served.port, "/", host=host)[0] == 200


def callback(port: int, path: str, **headers: str) -> bytes:
    """What the page behind an address is told, asked as the page asks."""
    from ntp_dynamics.dashboard.pages import route

    body = {
        "output": "answer.data",
        "outputs": {"id": "answer", "property": "data"},
        "inputs": [
            {"id": "ask", "property": "data", "value": route(path, "")},
            {"id": "tick", "property": "n_intervals", "value": 0},
        ],
        "state": [{"id": "seen", "property": "data", "value": None}],
        "changedPropIds": ["ask.data"],
    }
    headers = {"Content_Type": "application/json", **headers}
    return ask(port, "/_dash-update-component", "POST", body=json.dumps(body), **headers)[1]


def test_a_page_elsewhere_can_ask_nothing(served: Any) -> None:
    assert b"seed" in callback(served.port, "/")
    for origin in ("http://evil.example", "null", f"http://localhost:{served.port}", "file://"):
        assert b"seed" not in callback(served.port, "/", Origin=origin)
    assert b"seed" not in callback(served.port, "/", Sec_Fetch_Site="cross-site")
    _, _, headers = ask(served.port, "/")
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "MKCOL"])
def test_no_route_takes_a_change(served: Any, method: str) -> None:
    for path in ("/", "/job/" + "0" * 12, "/jobs/" + "0" * 12 + ".csv", "/assets/ntp.css"):
        assert ask(served.port, path, method)[0] in (404, 405, 501)


def test_looking_writes_nothing_below_the_directory(served: Any) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {
            str(p): (p.lstat().st_mtime_ns, p.lstat().st_size) for p in served.site.root.rglob("*")
        }

    before = state()
    folder = next(iter(served.site.index.folders))
    for path in ("/", f"/sweep/{folder}", f"/job/{next(iter(served.site.index.jobs))}", "/compare"):
        assert ask(served.port, path)[0] == 200
        assert callback(served.port, path)
    assert ask(served.port, f"/jobs/{folder}.csv")[1].count(b"\n") == 3
    assert state() == before


def test_the_policy_allows_no_script_but_our_own(served: Any) -> None:
    _, body, headers = ask(served.port, "/")
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    sources = policy["script-src"].split()
    assert sources[0] == "'self'"
    assert all(source.startswith("'sha256-") for source in sources[1:])
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert b"https://" not in body.replace(b"https:\\u002f\\u002fdash-version.plotly.com", b"")


QUESTIONS = [
    None,
    3,
    "x",
    [],
    {},
    {"page": "sweep"},
    {"page": "job", "key": {"a": 1}, "view": {}},
    {"page": "../x", "view": {}},
    {"page": "view", "key": "0" * 12, "name": {"a": 1}, "view": {}},
    {"page": "compare", "view": {"jobs": "../../x", "clock": "no"}},
    {"page": "sweep", "key": ["a"], "view": []},
    {"page": "folders", "view": {"page": "1" * 5000}},
]


@pytest.mark.parametrize("value", QUESTIONS)
def test_a_question_of_any_shape_gets_an_answer(served: Any, value: Any) -> None:
    from ntp_dynamics.dashboard.pages import answer

    asked = value if isinstance(value, dict) else {"page": value}
    told = answer(served.site, asked)
    assert told is not None
    assert json.dumps(told)
