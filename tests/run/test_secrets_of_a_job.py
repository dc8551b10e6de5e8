"""Whatever stands in the environment, a record has equal bytes and reads back; secrets do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.launch import multirun
from ntp_dynamics.record.store import verify

TINY = [
    *("experiment=smoke", "figures=none", "dataset.queries=3"),
    *("train.feed_forward.steps=10", "train.attention.steps=40"),
]
RECORD_BYTES = (
    "trajectory.nc",
    "verdicts.json",
    "laws.nc",
    "corpora/000.jsonl",
    "corpora/001.jsonl",
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ntp.Record:
    """A job in a harmless environment."""
    return ntp.train([*TINY, "tracking=none"], tmp_path_factory.mktemp("plain") / "a")


def own_words(record: ntp.Record) -> list[str]:
    """What a record consists of: keys, choices, claims, labels, numbers, pieces of syntax."""
    status = record.status
    manifest = json.loads((record.path / "MANIFEST.json").read_text())["files"]
    words = ["attention", "realizable", "direction_gap_kq", "orthonormal", "standard", "recorded"]
    words += ["true", "false", "null", "0", "running", "status", "reason", "overrides", "seconds"]
    words += ["claims", '": "', '",\n  "', '"final": {', "choices:\n", "dataset: realizable"]
    words += [*status["labels"], *status["labels"].values(), *status["final"]]
    words += [repr(value) for value in status["final"].values() if value is not None]
    words += [repr(record.config.train.feed_forward.step_size), "train.attention.steps=40"]
    words += [v["sentence"] for v in record.verdicts]
    words += [entry["sha256"][8:24] for entry in manifest.values()]
    return words


def test_a_record_is_the_same_in_an_environment_whose_secrets_are_its_own_words(
    plain: ntp.Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = own_words(plain)
    assert len(words) > 80
    for i, word in enumerate(words):
        monkeypatch.setenv(f"{('API_TOKEN', 'MY_KEY', 'PASSWORD', 'X_SECRET')[i % 4]}_{i}", word)
    monkeypatch.setenv("API_TOKEN", "attention")
    record = ntp.train([*TINY, "tracking=none"], tmp_path / "a")
    for name in RECORD_BYTES:
        assert (record.path / name).read_bytes() == (plain.path / name).read_bytes(), name
    assert (record.path / "config.yaml").read_text() == (plain.path / "config.yaml").read_text()
    loaded = ntp.load_run(record.path)
    assert loaded.verdicts == plain.verdicts
    assert loaded.config == plain.config
    assert {**loaded.status, "seconds": 0} == {**plain.status, "seconds": 0}
    assert ntp.load_sweep(tmp_path)["train.attention.steps"].tolist() == [40]
    said = [
        [line[20:] for line in (r.path / "log.txt").read_text().splitlines()]
        for r in (record, plain)
    ]
    assert said[0] == said[1]


def test_the_mirror_keeps_the_words_of_the_lab_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_place: object, read_wandb: object
) -> None:
    with a_place(tmp_path) as patch:  # type: ignore[operator]
        for i, word in enumerate(["attention", "realizable", "kq.direction", "canary-name"]):
            patch.setenv(f"SECRET_{i}", word)
        patch.setenv("MY_TOKEN", "canary-project")
        overrides = ["tracking.project=canary-project", "name=canary-name"]
        status = ntp.train([*TINY, *overrides], "canary-name/a").status
        (path,) = (tmp_path / "outputs/wandb").glob("*run-*")
        run = read_wandb(path)  # type: ignore[operator]
    (header,) = run["run"]
    assert header["config"]["update"]["choices.dataset"] == "realizable"
    assert header["config"]["update"]["name"] == "<redacted>"
    summary = {k: v for update in run["summary"] for k, v in update["update"].items()}
    assert summary["verdict.kq.direction"] == status["labels"]["kq.direction"]
    assert "attention.norm_kq" in summary
    for file in (p for p in path.rglob("*") if p.is_file()):
        assert b"canary" not in file.read_bytes(), file


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """`ntp-train` in this process, in a directory of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> None:
        monkeypatch.setattr("sys.argv", ["ntp-train", *TINY, "tracking=none", *arguments])
        cli.train()

    yield run
    multirun.under_way = None


LITERAL = ["+hydra.job.env_set.MY_TOKEN=canary", "+hydra.job.env_set.X=canary-value"]


@pytest.mark.parametrize(
    ("more", "files"),
    [
        (["-m", "seed=0,1", "hydra.sweep.dir=s"], ["s/multirun.yaml"]),
        (
            ["-m", "seed=0", "hydra.sweep.dir=s", "hydra/launcher=basic", "hydra/sweeper=basic",
             "hydra.output_subdir=.hydra"],
            ["s/multirun.yaml", "s/0-*/.hydra/config.yaml", "s/0-*/.hydra/hydra.yaml",
             "s/0-*/.hydra/overrides.yaml"],
        ),
        (["hydra.run.dir=s", "hydra.output_subdir=.hydra"], ["s/.hydra/hydra.yaml"]),
    ],
    ids=["packed sweep", "hydra's own sweep", "one job"],
)  # fmt: skip
def test_what_hydra_itself_writes_holds_no_secret(
    more: list[str], files: list[str], command: object, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("MY_PASSWORD", "canary-value")
    command(*more, *LITERAL)  # type: ignore[operator]
    for name in files:
        (path,) = tmp_path.glob(name)
        assert yaml.safe_load(path.read_text())
    stored = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert not [p for p, content in stored.items() if b"canary" in content]
    records = [p.parent for p in stored if p.name == "MANIFEST.json"]
    assert records
    assert all(map(verify, records))
    assert not list(tmp_path.rglob("CLAIM"))
