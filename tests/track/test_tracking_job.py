"""What a job mirrors, and that its record does not notice."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics import cli

TINY = [
    "experiment=smoke",
    "figures=none",
    "dataset.queries=3",
    "train.feed_forward.steps=10",
    "train.attention.steps=70",
]
RECORD_BYTES = (
    "trajectory.nc",
    "verdicts.json",
    "laws.nc",
    "corpora/000.jsonl",
    "corpora/001.jsonl",
)
KEY = "0123456789" * 4


@pytest.fixture
def elsewhere(tmp_path: Path, a_place: Any) -> Iterator[pytest.MonkeyPatch]:
    with a_place(tmp_path) as patch:
        yield patch


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, a_place: Any) -> tuple[ntp.Record, Path]:
    """A job tracked offline, and its run."""
    directory = tmp_path_factory.mktemp("job")
    with a_place(directory):
        record = ntp.train(TINY, "here/the-job")
    (run,) = directory.glob("outputs/wandb/*run-*")
    return ntp.load_run(directory / record.path), run


def record_bytes(directory: Path) -> list[bytes]:
    return [(directory / name).read_bytes() for name in RECORD_BYTES]


def test_a_job_leaves_a_run_that_shows_what_was_recorded(
    job: tuple[ntp.Record, Path], read_wandb: Any
) -> None:
    record, path = job
    run = read_wandb(path)
    rows = [row["item"] for row in run["history"]]
    for stage in ("feed_forward", "attention"):
        axis = f"{stage}/step"
        mine = [row for row in rows if f"{stage}/log_loss.max" in row]
        recorded = record.stage(stage)
        assert [row[axis] for row in mine] == recorded["step"].values.tolist()
        for statistic, of in (("min", np.min), ("median", np.median), ("max", np.max)):
            key = f"{stage}/log_loss.{statistic}"
            expected = of(recorded["log_loss"].values, axis=0)
            np.testing.assert_allclose([row[key] for row in mine], expected, rtol=1e-12)
        assert {"glob_name": f"{stage}/*", "step_metric": axis}.items() <= {
            key: value
            for metric in run["metric"]
            if metric.get("glob_name") == f"{stage}/*"
            for key, value in metric.items()
        }.items()
    images = [row["attention/step"] for row in rows if "attention/attention.path" in row]
    assert images == record.stage("attention")["checkpoint"].values.tolist()


IMAGES = """
from ntp_dynamics import observable

@observable("attention", dims=("sentence", "token"), image=True, long_name="squared attention")
def squared(state, reference):
    return state.forward.log_phi.exp().square()

@observable("attention", dims=("query",), long_name="largest score of each query")
def largest(state, reference):
    return state.attention.value.amax(1)
"""


def test_an_image_of_the_users_own_is_mirrored_at_its_checkpoints(
    elsewhere: pytest.MonkeyPatch, tmp_path: Path, read_wandb: Any
) -> None:
    (tmp_path / "mine.py").write_text(IMAGES)
    record = ntp.train([*TINY, "hooks.modules=[mine.py]"], tmp_path / "job")
    (run,) = tmp_path.glob("outputs/wandb/offline-run-*")
    rows = [row["item"] for row in read_wandb(run)["history"]]
    due = record.stage("attention")["checkpoint"].values.tolist()
    for name in ("squared", "attention"):
        assert [r["attention/step"] for r in rows if f"attention/{name}.path" in r] == due
    assert not [row for row in rows if "attention/largest.path" in row]
    assert record.stage("attention")["largest"].dims == ("run", "checkpoint", "query")


def test_the_run_is_named_after_the_job_and_holds_its_configuration(
    job: tuple[ntp.Record, Path], read_wandb: Any
) -> None:
    record, path = job
    run = read_wandb(path)
    (header,) = run["run"]
    assert (header["display_name"], header["job_type"]) == ("the-job", "smoke")
    assert "run_group" not in header
    config = header["config"]["update"]
    assert config["choices.dataset"] == "realizable"
    assert config["dataset.queries"] == 3
    assert config["train.stages"] == ["feed_forward", "attention"]
    summary = {k: v for update in run["summary"] for k, v in update["update"].items()}
    final = {k: v for k, v in record.status["final"].items() if v is not None}
    assert {key: summary[key] for key in final} == pytest.approx(final, rel=1e-12)
    for claim, label in record.status["labels"].items():
        assert summary[f"verdict.{claim}"] == label
    (table,) = (row["item"] for row in run["history"] if "verdicts.path" in row["item"])
    stored = json.loads((path / "files" / table["verdicts.path"]).read_text())
    assert [row[0] for row in stored["data"]] == [v["id"] for v in record.verdicts]
    assert [e["exit_code"] for e in run["exit"]] == [0]


def test_nothing_of_the_machine_is_stored(job: tuple[ntp.Record, Path]) -> None:
    _, path = job
    stored = [p for p in path.rglob("*") if p.is_file() and "logs" not in p.parts]
    everything = b"".join(p.read_bytes() for p in stored)
    assert b"realizable" in everything
    for word in (socket.gethostname(), os.getcwd(), str(path.parent), sys.argv[0], sys.executable):
        if len(word) > 3:
            assert word.encode() not in everything, word
    assert not [p.name for p in stored if "requirements" in p.name or "metadata" in p.name]


@contextmanager
def server(kind: str) -> Iterator[str]:
    """The address of a server on this machine that is of no use to wandb."""
    if kind == "errors":

        class Broken(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_error(500)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken) as broken:
            thread = threading.Thread(target=broken.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{broken.server_port}"
            broken.shutdown()
            thread.join()
        return
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, and never answers
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        if kind == "never answers":
            yield address
            return
    yield address


@pytest.mark.parametrize("kind", ["refuses", "never answers", "errors"])
def test_a_server_of_no_use_costs_a_line_and_no_byte_of_the_record(
    kind: str,
    job: tuple[ntp.Record, Path],
    elsewhere: pytest.MonkeyPatch,
    tmp_path: Path,
    read_wandb: Any,
) -> None:
    """The wait is wandb's `init_timeout`; the record is that of a job tracked offline."""
    from ntp_dynamics.track import wandb_run

    elsewhere.setattr(wandb_run, "INIT_TIMEOUT", 1.0)
    elsewhere.setenv("WANDB_API_KEY", KEY)
    with server(kind) as address:
        elsewhere.setenv("WANDB_BASE_URL", address)
        ntp.train([*TINY, "tracking.mode=online"], tmp_path / "a")
    said = [line for line in (tmp_path / "a/log.txt").read_text().splitlines() if "wandb" in line]
    assert len(said) == 1
    assert "wandb: offline, the server cannot be used: " in said[0]
    assert KEY not in said[0]
    assert record_bytes(tmp_path / "a") == record_bytes(job[0].path)
    (run,) = (tmp_path / "outputs/wandb").glob("*run-*")
    assert run.name.startswith("offline-run-")
    assert [e["exit_code"] for e in read_wandb(run)["exit"]] == [0]


def test_without_tracking_the_record_is_the_same_and_wandb_is_not_imported(
    job: tuple[ntp.Record, Path], tmp_path: Path
) -> None:
    code = f"""if True:
        import sys, ntp_dynamics as ntp
        ntp.train({[*TINY, "tracking=none"]!r}, "a")
        print("wandb" in sys.modules)"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert record_bytes(tmp_path / "a") == record_bytes(job[0].path)
    assert {p.name for p in tmp_path.iterdir()} == {"a"}


def test_a_sweep_is_one_group_of_runs_and_says_how_to_look_at_them(
    elsewhere: pytest.MonkeyPatch,
    tmp_path: Path,
    read_wandb: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere.setattr(sys, "argv", ["ntp-train", "-m", *TINY, "seed=0,1", "hydra.sweep.dir=s/mine"])
    cli.train()
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "wandb    wandb leet outputs/wandb"
    assert err == ""
    headers = [
        read_wandb(run)["run"][0] for run in (tmp_path / "outputs/wandb").glob("offline-run-*")
    ]
    assert {header["run_group"] for header in headers} == {"mine"}
    assert {header["display_name"] for header in headers} == {"0", "1"}


BROKEN = """
import os
from ntp_dynamics import observable

def connect(url, password=None, token=None):
    local = os.environ["C_API_KEY"]
    raise RuntimeError(
        f"cannot reach {url} as {{'password': '{password}', 'n': 1}}, token={token} "
        f"--secret canary-flag: {local} {os.environ['C_PEM_SECRET']!r} "
        f"{os.environ['C_QUOTED_TOKEN']!r}" + chr(10) + "second line " + os.environ["C_DB_PASSWORD"]
    )

@observable("attention", long_name="breaks half way")
def broken(state, reference):
    if state.step > 20:
        url = "https://me:canary-exception-url@host/x"
        connect(url, password="canary-literal", token="canary-kwarg")
    return state.path_length
"""


def plant(directory: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """Secrets in every place a job might take them from.  Returns the words to look for."""
    environment = {
        "C_API_KEY": "canary-api-key",
        "C_DB_PASSWORD": "canary-db-password",
        "c_lower_token": "canary-lower",
        "C_SSHPASS": "canary-sshpass",
        "C_PASSPHRASE": "canary passphrase with spaces, long enough for yaml to fold it",
        "C_PEM_SECRET": "-----BEGIN-----\ncanary-pem-first\ncanary-pem-second\n-----END-----",
        "C_QUOTED_TOKEN": "canary-\"quoted\"-'both'\\é",
        "AWS_SECRET_ACCESS_KEY": "canary/aws+x==",
        "GITHUB_TOKEN": "ghp_canaryGithub",
        "WANDB_API_KEY": "canarywandb" * 4,
        "JOB_TOKEN": "canary-job-name",
        "PROJECT_KEY": "canary-project",
        "PATH_SECRET": "canary-path",
    }
    for name, value in environment.items():
        patch.setenv(name, value)
    patch.setenv("DATABASE_URL", "postgres://me:canary-database@host/db")
    patch.setattr(sys, "argv", ["ntp-train", "--password=canary-argv", "canary-positional"])
    (directory / "home").mkdir()
    (directory / "home/.netrc").write_text("machine host login me password canary-netrc\n")
    (directory / "home/.netrc").chmod(0o600)
    (directory / ".git").mkdir()
    (directory / ".git/config").write_text(
        '[remote "origin"]\n\turl = https://me:canary-remote@host/x.git\n'
    )
    (directory / "broken.py").write_text(BROKEN)
    corpus = directory / "https:/me:canary-userinfo@host/token=canary-in-path/corpus.jsonl"
    corpus.parent.mkdir(parents=True)
    ntp.Corpus.from_samples([((0,), 1), ((1,), 0), ((0, 1), 0), ((1, 0), 1)]).write(corpus)
    others = [
        *("canary-database", "canary-argv", "canary-positional", "canary-netrc", "canary-remote"),
        *("canary-userinfo", "canary-in-path", "canary-exception-url", "canary-literal"),
        *(
            "canary-kwarg",
            "canary-flag",
            "canary-pem-first",
            "canary-pem-second",
            "yaml to fold",
        ),
        *("canary-\\", "canary-override"),
    ]
    return [*environment.values(), *others]


def test_planted_secrets_reach_no_file(
    elsewhere: pytest.MonkeyPatch, tmp_path: Path, read_wandb: Any
) -> None:
    """A job and one whose observable breaks half way: every byte that they write, `.wandb`
    included."""
    words = plant(tmp_path, elsewhere)
    assert len(words) >= 25
    corpus = "https://me:canary-userinfo@host/token=canary-in-path/corpus.jsonl"
    ntp.train(
        [
            *("experiment=smoke", "figures=none", "train.attention.steps=70", "runs=1"),
            *("dataset=file", f"dataset.path='{corpus}'"),
            *("name=${oc.env:JOB_TOKEN}", "tracking.project=${oc.env:PROJECT_KEY}"),
            "+hydra.job.env_set.MY_TOKEN=canary-override",
            "+hydra.job.env_set.X='canary passphrase with spaces, long enough for yaml to fold it'",
        ],
        "written/a",
    )
    ntp.train([*TINY, "hooks.modules=[broken.py]", "init=gaussian"], "written/b")
    files = [
        path
        for folder in ("written", "outputs", "cache")
        for path in (tmp_path / folder).rglob("*")
        if path.is_file()
    ]
    assert {".wandb", ".txt", ".yaml", ".json", ".nc"} <= {path.suffix for path in files}
    for path in files:
        stored = path.read_bytes()
        for word in words:
            assert word.encode() not in stored, (path, word)
    everything = b"".join(path.read_bytes() for path in files)
    assert b"cannot reach https://<redacted>@host/x" in everything
    log = (tmp_path / "written/b/log.txt").read_text()
    assert "Traceback" in log
    (note,) = (json.loads((tmp_path / "written/b/status.json").read_text()))["notes"]
    assert note.startswith("broken (broken.py): it raises RuntimeError: cannot reach https://<red")
    assert note in log
    ended = [read_wandb(run)["exit"] for run in (tmp_path / "outputs/wandb").glob("offline-run-*")]
    assert [exit["exit_code"] for (exit,) in ended] == [0, 0]
