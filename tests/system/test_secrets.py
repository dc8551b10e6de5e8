"""What is hidden, and what is not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.stored import from_yaml, redact_overrides, to_yaml
from ntp_dynamics.record.store import RecordWriter
from ntp_dynamics.studies.next_token.groups import FileDataset
from ntp_dynamics.system.log import JobLog
from ntp_dynamics.system.secrets import HIDDEN, redact

CANARY = "c4n4ry-pl4nted"
STATUS = {"state": "running", "overrides": [], "reason": None}


@pytest.mark.parametrize(
    "name", ["API_KEY", "my_token", "Secret_Name", "DB_PASSWORD", "SSHPASS", "passphrase", "KEYS"]
)
def test_the_value_of_an_environment_variable_with_a_telling_name_is_hidden(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, CANARY)
    assert redact(f"at {CANARY}, again {CANARY}.") == f"at {HIDDEN}, again {HIDDEN}."


def test_an_environment_variable_with_another_name_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", CANARY)
    assert redact(CANARY) == CANARY


@pytest.mark.parametrize("value", ["yes", "true", "12345", "128000"])
def test_words_flags_and_counts_are_no_secrets(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """MAX_TOKENS=128000 must not blank out a number of steps."""
    monkeypatch.setenv("MAX_TOKENS", value)
    assert redact(f"steps: {value}") == f"steps: {value}"


def test_a_secret_is_found_escaped_quoted_and_over_several_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = 'a "b"\\c é\nsecond line'
    monkeypatch.setenv("PEM_KEY", secret)
    for text in (secret, repr(secret), json.dumps(secret), f"x{secret}y"):
        assert "second line" not in redact(text)
        assert "b" not in redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:p%40ss@host/x?y=1", f"https://{HIDDEN}@host/x?y=1"),
        ("postgres://u:p@ss@db:5432/x and a@b.org", f"postgres://{HIDDEN}@db:5432/x and a@b.org"),
        ("https://host/path@2", "https://host/path@2"),
        ("git@github.com:x/y.git", "git@github.com:x/y.git"),
    ],
)
def test_the_user_info_of_a_url_is_hidden(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+site.api_token=abc", f"+site.api_token={HIDDEN}"),
        ("ValueError: password=hunter2, user=me", f"ValueError: password={HIDDEN}, user=me"),
        ("{'api_key': 'a b', 'n': 3}", f"{{'api_key': {HIDDEN}, 'n': 3}}"),
        ("unknown argument --api-key abc", f"unknown argument --api-key {HIDDEN}"),
        ('    connect(password="a b")', f"    connect(password={HIDDEN})"),
        ("    return sorted(x, key=order)", "    return sorted(x, key=order)"),
        ("KeyError: 'x'", "KeyError: 'x'"),
        ("tokens: 5, key=12, token=none", "tokens: 5, key=12, token=none"),
        ("dataset.sentences_per_query=6", "dataset.sentences_per_query=6"),
    ],
)
def test_what_is_assigned_to_a_telling_name_is_hidden(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_trees_keep_their_shape_and_their_numbers() -> None:
    tree = {"api_key": "abc", "passwords": ["x", {"y": "z"}], "monkeys": 3, "n": [1.5, None, "ok"]}
    assert redact(tree) == {
        "api_key": HIDDEN,
        "passwords": [HIDDEN, {"y": HIDDEN}],
        "monkeys": 3,
        "n": [1.5, None, "ok"],
    }


def test_redacting_twice_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", CANARY)
    once = redact(f"token={CANARY} https://{CANARY}@host password: {CANARY}\n")
    assert redact(once) == once
    assert once.endswith("\n")


def test_logs_are_written_without_secrets_and_data_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", CANARY)
    with JobLog(tmp_path / "log.txt") as log:
        log(f"it failed: {CANARY}")
        log.data("attention: a word of the lab")
        log("a path that is no text: \udc80")
        written = (tmp_path / "log.txt").read_bytes()
        assert log.entry == {"sha256": hashlib.sha256(written).hexdigest(), "size": len(written)}
    monkeypatch.setenv("A_TOKEN", "attention")
    RecordWriter(tmp_path, STATUS).data("corpora.jsonl", "attention")
    assert CANARY.encode() not in written
    assert b"attention: a word of the lab" in written
    assert (tmp_path / "corpora.jsonl").read_text() == "attention"


OVERRIDES = [
    ("train.attention.steps=60", "train.attention.steps=60"),
    ("optimizer=normal", "optimizer=normal"),
    ("experiment=figure2", "experiment=figure2"),
    ("train.stages=[attention]", "train.stages=[attention]"),
    ("runs=123456", "runs=123456"),
    ("dataset.path=attention.jsonl", f"dataset.path={HIDDEN}.jsonl"),
    ("hooks.modules=[attention.py]", f"hooks.modules=[{HIDDEN}.py]"),
    ("name=attention", f"name={HIDDEN}"),
    ("+hydra.job.env_set.X=attention", f"+hydra.job.env_set.X={HIDDEN}"),
    ("hydra.job.env_set.MY_TOKEN=other", f"hydra.job.env_set.MY_TOKEN={HIDDEN}"),
]


@pytest.mark.parametrize(("told", "stored"), OVERRIDES)
def test_of_an_override_only_a_free_text_is_hidden(
    told: str, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i, word in enumerate(("attention", "normal", "figure2", "123456", "optimizer", "modules")):
        monkeypatch.setenv(f"SECRET_{i}", word)
    config = read_config(compose_job(["dataset=file", "dataset.path=x", "runs=1"]))
    assert redact_overrides(config, [told]) == [stored]


def test_a_configuration_reads_back_equal_but_for_its_free_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever stands in the environment: words of the lab, numbers, the syntax of YAML."""
    overrides = ["dataset=file", "dataset.path=secret/corpus", "runs=1", "name=mine"]
    config = read_config(compose_job(overrides))
    words = ["attention", "recorded", "0.04472135954999579", "choices", "dataset: file", "\n  path"]
    for i, word in enumerate([*words, "secret/corpus"]):
        monkeypatch.setenv(f"SECRET_{i}", word)
    found = from_yaml(to_yaml(config))
    assert found.dataset == FileDataset(path=HIDDEN)
    found.dataset = config.dataset
    assert found == config
