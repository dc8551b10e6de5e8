"""What is hidden, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ntp_dynamics.lab.log import JobLog
from ntp_dynamics.lab.secrets import HIDDEN, redact
from ntp_dynamics.lab.store import RecordWriter

CANARY = "c4n4ry-pl4nted"


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


def test_records_and_logs_are_written_without_secrets_and_data_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", CANARY)
    writer = RecordWriter(tmp_path, {"overrides": [f"x={CANARY}"]})
    writer.text("a.txt", CANARY)
    writer.json("b.json", {"x": [CANARY]})
    with JobLog(tmp_path / "log.txt") as log:
        log(f"it failed: {CANARY}")
    writer.data("corpus.jsonl", CANARY)
    found = {p.name for p in tmp_path.iterdir() if CANARY in p.read_text()}
    assert found == {"corpus.jsonl"}
