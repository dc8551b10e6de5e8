"""Corpora whose labels are no tokens: their files, and what is said of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ntp_dynamics.studies.next_token import commands
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.failures import failures
from ntp_dynamics.studies.next_token.data.folded import fold
from ntp_dynamics.studies.next_token.data.realizable import Reason, recognise
from ntp_dynamics.studies.next_token.data.votes import generate_votes
from ntp_dynamics.studies.next_token.groups import VotesDataset
from ntp_dynamics.system.errors import UserError

HEADER = {"vocab": ["good", "bad", "film"], "labels": ["+", "-"]}
LINES = [
    {"tokens": ["good"], "next": "+"},
    {"tokens": ["bad"], "next": "-"},
    {"tokens": ["film"], "next": 1},
    {"tokens": [0, "film"], "next": "+", "weight": 2.0},
]


def written(directory: Path, *lines: object) -> Path:
    path = directory / "votes.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_file_names_labels_and_samples_ask_for_them_by_name_or_number(tmp_path: Path) -> None:
    corpus = Corpus.read(written(tmp_path, HEADER, *LINES))
    assert corpus.labels == ("+", "-")
    assert corpus.next_tokens == (0, 1, 1, 0)
    assert corpus.sentences == ((0,), (1,), (2,), (0, 2))
    assert (corpus.vocab_size, corpus.token_count, corpus.classes) == (3, 3, 2)
    assert corpus.spell(3) == "[good film] -> +"
    assert corpus.sample(3) == {"tokens": ["good", "film"], "next": "+", "weight": 2.0}


@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_is_read_again(tmp_path: Path, seed: int) -> None:
    """Numbered tokens, labels by name; to equal bytes."""
    corpus = generate_votes(VotesDataset(), np.random.default_rng(seed))
    path = tmp_path / "votes.jsonl"
    corpus.write(path)
    again = Corpus.read(path)
    assert again == corpus
    assert hash(again) == hash(corpus)
    assert list(again.lines()) == path.read_text().splitlines()


def test_a_label_is_no_token_of_the_same_number_or_name() -> None:
    """[0] with label 0 and the sentence [0, 0] have nothing in common."""
    vocab = ["+", "-", "x"]
    corpus = Corpus.from_samples([([0], 1), ([1], 0), ([0, 1], 1)], vocab=vocab, labels="+-")
    tokens = Corpus.from_samples([([0], 1), ([1], 0), ([0, 1], 1)], vocab=vocab)
    assert corpus != tokens
    assert recognise(tokens).prefix_closed
    assert not recognise(corpus).prefix_closed
    assert fold(corpus) is corpus
    assert fold(Corpus.from_samples([([0], 1), ([1], 0)], vocab_size=9)).unused == 7


@pytest.mark.parametrize(
    ("header", "line", "says"),
    [
        ({"labels": ["+"]}, {}, r"1: 'labels' is \[\"\+\"\]; name two different labels"),
        ({"labels": ["+", "+"]}, {}, "'labels' is"),
        ({"labels": ["+", "-", "0"]}, {}, "'labels' is"),
        ({"labels": "+-"}, {}, "'labels' is"),
        ({"labels": [1, 2]}, {}, "'labels' is"),
        ({"unused": 5}, {}, "1: with labels of its own no token is unused"),
        ({}, {"next": "film"}, r"6: label \"film\" is none of \[\"\+\", \"-\"\]; use these"),
        ({}, {"next": 2}, "6: label 2 is none of"),
        ({}, {"next": True}, "6: label true is none of"),
        ({}, {"next": ["+"]}, r"6: label \[\"\+\"\] is none of"),
        ({}, {"tokens": ["+"]}, r"6: token \"\+\" is not in the vocabulary"),
        ({}, {"tokens": [3]}, "6: token 3 is not in the vocabulary"),
        ({}, {"tokens": []}, "6: the sentence is empty"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_line(
    tmp_path: Path, header: dict, line: dict, says: str
) -> None:
    path = written(tmp_path, HEADER | header, *LINES, {"tokens": ["film"], "next": "-"} | line)
    with pytest.raises(UserError) as refused:
        Corpus.read(path)
    assert re.search(says, str(refused.value))
    assert "\n" not in str(refused.value)


def test_samples_made_in_python_are_held_to_the_labels() -> None:
    with pytest.raises(UserError, match=r"label 2 is outside the labels 0\.\.1"):
        Corpus.from_samples([([0], 2)], vocab_size=5, labels="+-")
    with pytest.raises(UserError, match=r"token 5 is outside the vocabulary 0\.\.4"):
        Corpus.from_samples([([5], 1)], vocab_size=5, labels="+-")


def test_every_reason_is_found_with_labels_too() -> None:
    alone = [([0], 0), ([1], 1), ([2], 1), ([3], 0)]
    cases = {
        Reason.TWO_CONTINUATIONS: [*alone, ([0], 1)],
        Reason.MISSING_COLLOCATION: [*alone[:3], ([0, 3, 1], 0)],
        Reason.UNREACHABLE_LABEL: [*alone, ([0, 3], 1)],
        Reason.CYCLE: [*alone, ([0, 1, 3, 2], 0), ([1, 0, 2], 1)],
    }
    for reason, samples in cases.items():
        corpus = Corpus.from_samples(samples, vocab_size=4, labels="+-")
        certificate = recognise(corpus).certificate
        assert certificate is not None
        assert certificate.reason is reason
        assert [failure.reason for failure in failures(corpus)] == [reason]


def test_the_check_command_reads_votes(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = str(written(tmp_path, HEADER, *LINES))
    with pytest.raises(SystemExit) as left:
        commands.check([path, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert left.value.code == 0
    assert told["labels"] == ["+", "-"]
    assert (told["realizable"], told["injective"], told["vocab_size"]) == (True, False, 3)
    with pytest.raises(SystemExit) as left:
        commands.check([path])
    text = capsys.readouterr().out
    assert "tokens 3" in text
    assert "labels + and -" in text
    assert "n(bad) = -, n(film) = -" in text
    assert re.search(r"^one voter +yes", text, re.MULTILINE)


def test_the_check_command_names_sentences_of_two_right_voters(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    header = HEADER | {"vocab": ["good", "bad", "film", "fine"]}
    more = [{"tokens": ["fine"], "next": "+"}, {"tokens": ["good", "fine", "film"], "next": "+"}]
    path = str(written(tmp_path, header, *LINES, *more))
    with pytest.raises(SystemExit):
        commands.check([path])
    text = capsys.readouterr().out
    assert "sentences in which not exactly one type of token votes for the label: 1" in text
    assert "[good fine film] -> +: good and fine" in text
    with pytest.raises(SystemExit):
        commands.check([path, "--json"])
    assert json.loads(capsys.readouterr().out)["one_right_voter"] is False


def test_no_part_of_votes_is_sought(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = str(written(tmp_path, HEADER, *LINES))
    with pytest.raises(SystemExit) as left:
        commands.check([path, "--realizable-part", str(tmp_path / "part.jsonl")])
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: --realizable-part: parts are sought of corpora whose labels are")
