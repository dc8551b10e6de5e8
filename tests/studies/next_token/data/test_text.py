"""A corpus from text: what a sentence gives, by hand; what is cut; what no text gives."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.text import Form, read_text
from ntp_dynamics.system.errors import UserError

RHYME = "The cat saw the dog. The dog saw the cat!\nIt's a cat"


def spelled(corpus: Corpus) -> dict[str, float]:
    return {corpus.spell(i): corpus.weights[i] for i in range(corpus.size)}


def test_windows_of_words_by_hand() -> None:
    """the cat saw the dog the dog saw the cat it's a cat"""
    corpus = Corpus.from_text(RHYME, window=(2,))
    assert corpus.vocab == ("the", "cat", "saw", "dog", "it's", "a")  # by count, then by place
    assert spelled(corpus) == {
        "[the cat] -> saw": 1.0,
        "[cat saw] -> the": 1.0,
        "[saw the] -> dog": 1.0,
        "[the dog] -> the": 1.0,
        "[dog the] -> dog": 1.0,
        "[the dog] -> saw": 1.0,
        "[dog saw] -> the": 1.0,
        "[saw the] -> cat": 1.0,
        "[the cat] -> it's": 1.0,
        "[cat it's] -> a": 1.0,
        "[it's a] -> cat": 1.0,
    }


def test_weights_are_counts_or_one() -> None:
    corpus = Corpus.from_text("a b a b a b c", window=(1,))
    assert spelled(corpus) == {"[a] -> b": 3.0, "[b] -> a": 2.0, "[b] -> c": 1.0}
    uniform = Corpus.from_text("a b a b a b c", window=(1,), weights="uniform")
    assert spelled(uniform) == dict.fromkeys(spelled(corpus), 1.0)


def test_windows_with_a_rare_word_are_cut() -> None:
    corpus = Corpus.from_text(RHYME, window=(2,), vocabulary=4)
    assert corpus.vocab == ("the", "cat", "saw", "dog")
    assert corpus.weight.sum() == 8  # it's and a stand in the last three windows
    reading = read_text(RHYME, Form(window=(2,), vocabulary=4))
    assert (reading.tokens, reading.known, reading.kinds, reading.possible) == (13, 11, 6, 11)


def test_several_windows_at_once_and_windows_longer_than_the_text() -> None:
    corpus = Corpus.from_text("a b c", window=(2, 1))
    assert spelled(corpus) == {"[a b] -> c": 1.0, "[a] -> b": 1.0, "[b] -> c": 1.0}
    assert Corpus.from_text("a b c", window=(2, 7)).size == 1
    assert Corpus.from_text("a b c", window=2) == Corpus.from_text("a b c", window=[2])


def test_prefixes_of_sentences_by_hand() -> None:
    """A sentence ends before a blank, not within 3.14; what is cut ends the prefixes."""
    text = "One two three. One two!\n\nTwo 3.14 one\n\n\none"
    assert spelled(Corpus.from_text(text, window=None)) == {
        "[one] -> two": 2.0,
        "[one two] -> three": 1.0,
        "[two] -> one": 1.0,
    }
    cut = Corpus.from_text("a b c a b. b a c b", window=None, vocabulary=2)  # c is the rarest
    assert cut.vocab == ("b", "a")
    assert spelled(cut) == {"[a] -> b": 1.0, "[b] -> a": 1.0}


def test_no_sample_crosses_a_line_where_lines_are_sentences() -> None:
    text = "a b\r\n\nc a\nb c a"
    assert spelled(Corpus.from_text(text, window=(1,), lines=True)) == {
        "[a] -> b": 1.0,
        "[c] -> a": 2.0,
        "[b] -> c": 1.0,
    }
    assert "[b] -> c" in spelled(Corpus.from_text("a. b\nc", window=(1,)))  # else one sequence
    prefixes = Corpus.from_text("a b. c\nc a", window=None, lines=True)
    assert spelled(prefixes) == {"[a] -> b": 1.0, "[a b] -> c": 1.0, "[c] -> a": 1.0}


def test_characters_are_counted_with_blanks() -> None:
    corpus = Corpus.from_text("Ab ab\nb", unit="characters", window=(1,))
    assert corpus.vocab == ("b", "a", " ", "\n")
    assert spelled(corpus) == {
        "[a] -> b": 2.0,
        '[b] -> " "': 1.0,
        '[" "] -> a': 1.0,
        '[b] -> "\\n"': 1.0,
        '["\\n"] -> b': 1.0,
    }
    cased = Corpus.from_text("Ab ab", unit="characters", window=(1,), keep_case=True)
    assert cased.vocab == ("b", "A", " ", "a")
    assert Corpus.from_text("\U0001f600\u00e9\U0001f600", unit="characters", window=(1,)).size == 2


def test_words_of_other_scripts_and_case() -> None:
    corpus = Corpus.from_text(
        "Été été 漢字 Été rock'n'roll l\u2019été x_y2z", window=(1,), keep_case=True
    )
    assert set(corpus.vocab) == {
        "Été",
        "été",
        "漢字",
        "rock'n",
        "roll",
        "l\u2019été",
        "x",
        "y",
        "z",
    }


def test_a_text_holds_no_mark_of_ours() -> None:
    """Zero bytes are blanks; they end no sentence."""
    assert spelled(Corpus.from_text("a\0b", window=(1,), lines=True)) == {"[a] -> b": 1.0}


def test_a_file_may_be_packed_have_a_mark_and_come_by_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Corpus.from_text(RHYME)
    (tmp_path / "a.txt").write_text("\ufeff" + RHYME, encoding="utf-8")
    (tmp_path / "a.gz").write_bytes(gzip.compress(RHYME.encode()))
    assert Corpus.from_text(tmp_path / "a.txt") == plain
    assert Corpus.from_text(tmp_path / "a.gz") == plain
    for content in (RHYME.encode(), gzip.compress(RHYME.encode())):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert Corpus.from_text(Path("-")) == plain


def test_no_sample_crosses_from_one_file_into_another(tmp_path: Path) -> None:
    for name, text in (("a", "a b"), ("b", "c a")):
        (tmp_path / name).write_text(text)
    both = Corpus.from_text([tmp_path / "a", tmp_path / "b"], window=(1,))
    assert spelled(both) == {"[a] -> b": 1.0, "[c] -> a": 1.0}


IDS = np.array([[3, 1, 3, -1], [1, 3, 2, 2], [-1, -1, -1, -1], [0, -1, 1, 3]])


def test_ids_from_each_kind_of_file_are_the_same(tmp_path: Path) -> None:
    """-1 at the end of a row is no token; within a row it is one that is not in the vocabulary."""
    np.save(tmp_path / "a.npy", IDS)
    np.savez_compressed(tmp_path / "a.npz", ids=IDS.astype(np.uint16).astype(np.int16))
    text = "3 1 3\n1 3 2 2\n\n0 -1 1 3\n"
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
    expected = Corpus.from_samples([([3], 1), ([1], 3, 3.0), ([3], 2), ([2], 2)], vocab_size=4)
    for name in ("a.npy", "a.npz", "a.txt", "a.txt.gz"):
        assert Corpus.from_text(tmp_path / name, unit="ids", window=(1,)) == expected, name
    assert Corpus.from_text(IDS, unit="ids", window=(1,)) == expected
    one_row = Corpus.from_text(np.array([0, 1, 0]), unit="ids", window=(1,))
    assert spelled(one_row) == {"[0] -> 1": 1.0, "[1] -> 0": 1.0}
    prefixes = Corpus.from_text(IDS, unit="ids", window=None)
    assert spelled(prefixes) == {
        "[3] -> 1": 1.0,
        "[3 1] -> 3": 1.0,
        "[1] -> 3": 1.0,
        "[1 3] -> 2": 1.0,
        "[1 3 2] -> 2": 1.0,
    }


def test_fewer_ids_keep_their_numbers_as_names() -> None:
    corpus = Corpus.from_text(IDS, unit="ids", window=(1,), vocabulary=2)
    assert corpus.vocab == ("3", "1")
    assert spelled(corpus) == {"[3] -> 1": 1.0, "[1] -> 3": 3.0}


def test_names_survive_the_file(tmp_path: Path) -> None:
    corpus = Corpus.from_text(RHYME, window=(1, 3))
    corpus.write(tmp_path / "rhyme.jsonl")
    assert Corpus.read(tmp_path / "rhyme.jsonl") == corpus


def test_windows_are_those_of_a_loop_over_a_long_text() -> None:
    rng = np.random.default_rng(16)
    text = " ".join(rng.choice(["a", "b", "c", "d", ".", "e"], size=2_000))
    tokens = [word for word in text.split() if word != "."]
    expected: dict[str, float] = {}
    chosen = set(Corpus.from_text(text, vocabulary=3).vocab)
    for i in range(len(tokens) - 3):
        *sentence, label = tokens[i : i + 4]
        if chosen.issuperset((*sentence, label)):
            key = f"[{' '.join(sentence)}] -> {label}"
            expected[key] = expected.get(key, 0.0) + 1.0
    assert spelled(Corpus.from_text(text, vocabulary=3, window=(3,))) == expected


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "nothing": ("", {}, "text: it holds 0 distinct words; nothing is left to predict"),
    "one word": ("no no no", {}, "text: it holds 1 distinct words"),
    "too short": ("a b", {}, "text: no sentence is long enough for a sample"),
    "no window within": ("a b c a b d a", {"vocabulary": 2, "window": (3,)}, "none lies"),
    "a vocabulary of one": ("a b", {"vocabulary": 1}, "vocabulary: 1 is out of range"),
    "a window of none": ("a b", {"window": (0,)}, "window: 0 is out of range"),
    "a window too long": ("a b", {"window": (4_097,)}, "window: 4,097 is out of range"),
    "no window": ("a b", {"window": ()}, "window: a length is missing or stands twice"),
    "a window twice": ("a b", {"window": (1, 1)}, "window: a length is missing or stands twice"),
    "a unit": ("a b", {"unit": "syllables"}, "unit: 'syllables' is no choice; say words or"),
    "weights": ("a b", {"weights": "many"}, "weights: 'many' is no choice; say counts or uniform"),
    "ids of a text": ("1 2", {"unit": "ids"}, "text: ids are asked for, and it is a text"),
    "words of an array": (IDS, {}, "text: it is an array, not a text; give unit=ids"),
    "fractions": (IDS / 2, {"unit": "ids"}, "text: its entries are float64, not integers"),
    "three axes": (IDS[None], {"unit": "ids"}, r"text: its shape is \(1, 4, 4\)"),
    "no ids": (IDS[:0], {"unit": "ids"}, "text: its shape is"),
    "only ends": (-np.ones((2, 2), int), {"unit": "ids"}, "text: it holds no ids"),
    "below -1": (IDS - 1, {"unit": "ids"}, "text: id -2 is not one of 0..999,999"),
    "too many": (IDS * 400_000, {"unit": "ids"}, "text: id 1200000 is not one of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_gives_no_corpus_is_one_line(name: str) -> None:
    source, form, what = REFUSED[name]
    with pytest.raises(UserError, match=what) as refused:
        Corpus.from_text(source, **form)
    assert "\n" not in str(refused.value)


FILES: dict[str, tuple[bytes, str, str]] = {
    "no UTF-8": (b"ab\nc\xffd", "words", r"file:2: byte 2 of the line is not UTF-8 text"),
    "half a gzip": (gzip.compress(b"a b c")[:20], "words", "file: it begins as gzip and"),
    "gzip by name": (b"\x1f\x8bno", "words", "file: it begins as gzip and cannot be unpacked"),
    "a word among ids": (b"1 2\n3 x1\n", "ids", "file:2: x1 is no id; number the tokens from 0"),
    "a fraction among ids": (b"1 2.5\n", "ids", "file:1: 2.5 is no id"),
    "a huge id": (b"1 99999999999999999999\n", "ids", "file:1: 99999999999999999999 is no id"),
    "a broken npy": (b"\x93NUMPY\x01\x00zzzz", "ids", "file: numpy cannot read it"),
    "a broken npz": (b"PK\x03\x04zzzz", "ids", "file: numpy cannot read it"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_one_line_that_names_it(name: str, tmp_path: Path) -> None:
    content, unit, what = FILES[name]
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UserError, match=what) as refused:
        Corpus.from_text(tmp_path / "file", unit=unit)
    assert "\n" not in str(refused.value)


def test_other_files_that_hold_no_matrix(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", a=IDS, b=IDS)
    with pytest.raises(UserError, match=r"two.npz: it holds 2 arrays; save the ids alone"):
        Corpus.from_text(tmp_path / "two.npz", unit="ids")
    np.save(tmp_path / "objects.npy", np.array([[1], [1, 2]], dtype=object), allow_pickle=True)
    with pytest.raises(
        UserError, match=r"objects.npy: numpy cannot read it as an array of numbers"
    ):
        Corpus.from_text(tmp_path / "objects.npy", unit="ids")
    with pytest.raises(UserError, match="no such file"):
        Corpus.from_text(tmp_path / "none.txt")
    with pytest.raises(UserError, match="is a directory"):
        Corpus.from_text(tmp_path)


def test_prefixes_that_would_fill_the_memory_are_refused() -> None:
    text = "\n".join(["a b " * 1_600] * 100)
    with pytest.raises(UserError, match="its samples would have 511,840,000 tokens"):
        Corpus.from_text(text, window=None, lines=True)
