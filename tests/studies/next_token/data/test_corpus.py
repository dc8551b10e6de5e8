"""A corpus survives its file, and a broken file is told in one line that says where."""

import json
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.written import MAX_TOKENS, MAX_VOCAB
from ntp_dynamics.system.errors import UserError

GOOD = '{"tokens": [0], "next": 1}'

names = st.lists(st.text(max_size=6), min_size=2, max_size=6, unique=True)
# 250 decades: far more than weights need, and no sum of them overflows or loses a part.
weights = st.floats(1e-125, 1e125)


@st.composite
def corpora(draw):
    """Corpora over named or numbered vocabularies, some of whose tokens nothing uses."""
    vocab = draw(st.none() | names)
    size = draw(st.integers(2, 9)) if vocab is None else len(vocab)
    token = st.integers(0, size - 1)
    sample = st.tuples(st.lists(token, min_size=1, max_size=5), token, weights)
    samples = draw(st.lists(sample, min_size=1, max_size=8))
    return Corpus.from_samples(samples, vocab_size=size, vocab=vocab)


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    """One path, written again and again."""
    return tmp_path_factory.mktemp("corpora") / "corpus.jsonl"


def read(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return Corpus.read(path)


def sample(tokens, following, **more):
    return json.dumps({"tokens": tokens, "next": following, **more})


@given(corpora())
@settings(max_examples=300, deadline=None)
def test_a_corpus_is_read_back_as_it_was_written(file, corpus):
    corpus.write(file)
    again = Corpus.read(file)
    assert again == corpus
    assert again.vocab_size == corpus.vocab_size
    assert list(again.lines()) == list(corpus.lines())


@given(corpora())
@settings(max_examples=100, deadline=None)
def test_relative_frequencies_are_positive_and_sum_to_one(corpus):
    assert (corpus.pi > 0).all()
    assert math.isclose(corpus.pi.sum(), 1, rel_tol=1e-14)
    ratio = np.array(corpus.weights) / max(corpus.weights)
    np.testing.assert_allclose(corpus.pi / corpus.pi.max(), ratio, rtol=1e-14)


@given(names, st.data())
@settings(max_examples=100, deadline=None)
def test_named_tokens_and_their_numbers_make_the_same_corpus(file, vocab, data):
    """A line may say either, or both."""
    token = st.sampled_from(range(len(vocab)))
    samples = data.draw(st.lists(st.tuples(st.lists(token, min_size=1), token), min_size=1))

    def spelled(v):
        return data.draw(st.sampled_from([v, vocab[v]]))

    lines = [sample([spelled(x) for x in tokens], spelled(y)) for tokens, y in samples]
    found = read(file, json.dumps({"vocab": vocab}), *lines)
    assert found == Corpus.from_samples(samples, vocab=vocab)


def test_equal_samples_add_up_and_others_do_not(file):
    lines = [
        sample([0, 1], 2, weight=0.5),
        sample([1, 0], 2),
        sample([0, 1], 2, weight=2),
        sample([0, 1], 0, weight=4),
    ]
    corpus = read(file, *lines)
    assert corpus.sentences == ((0, 1), (1, 0), (0, 1))
    assert corpus.next_tokens == (2, 2, 0)
    assert corpus.weights == (2.5, 1.0, 4.0)
    np.testing.assert_array_equal(corpus.pi, np.array([2.5, 1.0, 4.0]) / 7.5)


def test_names_are_numbered_by_first_occurrence_and_integers_reach_to_the_largest(file):
    named = read(file, sample(["b", "a"], "c"), sample(["a"], "d"))
    assert named.vocab == ("b", "a", "c", "d")
    numbered = read(file, sample([4, 2], 7))
    assert numbered.vocab == tuple("01234567")
    assert numbered.unnamed
    assert not named.unnamed


def test_blank_lines_and_carriage_returns_are_no_samples(file):
    file.write_bytes(b'\r\n{"vocab": ["a", "b"]}\r\n\r\n{"tokens": ["a"], "next": "b"}\r\n  \r\n')
    assert Corpus.read(file) == Corpus.from_samples([([0], 1)], vocab="ab")


def test_a_line_separator_inside_a_name_ends_no_line(file):
    vocab = ("a\u2028b", "\u0085", "\x0b")
    corpus = Corpus.from_samples([([0, 1], 2)], vocab=vocab)
    corpus.write(file)
    assert Corpus.read(file).vocab == vocab


def test_the_longest_sentence_is_allowed(file):
    corpus = read(file, sample([0] * MAX_TOKENS, 1))
    assert corpus.max_length == MAX_TOKENS
    assert corpus.queries == (0,)


# What a broken second line says of itself; the first line is good.
BROKEN_LINES = {
    "no JSON": ("tokens: a", "not JSON"),
    "half an object": ('{"tokens": [0]', "not JSON"),
    "zero bytes": ("\0\0\0", "not JSON"),
    "deeper than any parser goes": ("[" * 100_000, "not JSON"),
    "a list": ("[0, 1]", "not a JSON object"),
    "a number": ("3", "not a JSON object"),
    "half a character": ('{"tokens": ["\\ud800"], "next": 0}', "surrogate"),
    "an empty sentence": (sample([], 0), "empty"),
    "no list of tokens": (sample("ab", 0), "not a list"),
    "no next token": ('{"tokens": [0]}', "'next' is missing"),
    "no tokens": ('{"next": 0}', "'tokens' is missing"),
    "an unknown key": (sample([0], 0, wieght=2), "'wieght'"),
    "a long unknown key": (sample([0], 0, **{"k" * 10_000: 2}), "unknown key"),
    "one token too many": (sample([0] * (MAX_TOKENS + 1), 0), "4,097 tokens"),
    "a million tokens": (sample([0] * 10**6, 0), "1,000,000 tokens"),
    "a token beyond the vocabulary": (sample([4], 0), "token 4 "),
    "a next token beyond it": (sample([0], 4), "token 4 "),
    "a negative token": (sample([-1], 0), "token -1 "),
    "an unknown name": (sample(["z"], 0), 'token "z" '),
    "a long unknown name": (sample(["z" * 10_000], 0), "not in the vocabulary"),
    "a fraction for a token": (sample([0.0], 0), "token 0.0 "),
    "a boolean for a token": (sample([True], 0), "token true "),
    "nothing for a token": (sample([None], 0), "token null "),
    "a list for a token": (sample([[0]], 0), "token [0] "),
    "an object for a next token": (sample([0], {}), "token {} "),
    "a second vocabulary": ('{"vocab": ["a", "b"]}', "not the first line"),
    "weight 0": (sample([0], 0, weight=0), "weight 0 "),
    "a negative weight": (sample([0], 0, weight=-1.5), "weight -1.5 "),
    "a weight that rounds to 0": ('{"tokens": [0], "next": 0, "weight": 1e-400}', "weight 0.0 "),
    "weight nan": (sample([0], 0, weight=math.nan), "weight nan "),
    "an infinite weight": (sample([0], 0, weight=math.inf), "weight inf "),
    "weight minus infinity": (sample([0], 0, weight=-math.inf), "weight -inf "),
    "a weight that rounds to infinity": ('{"tokens": [0], "next": 0, "weight": 1e400}', "inf "),
    "an integer weight beyond double": (sample([0], 0, weight=10**400), "weight 1000"),
    "a token of thousands of digits": ('{"tokens": [' + "9" * 4301 + '], "next": 0}', "digits"),
    "a boolean weight": (sample([0], 0, weight=True), "weight True "),
    "a weight in quotes": (sample([0], 0, weight="1"), "weight '1' "),
    "weight null": (sample([0], 0, weight=None), "weight None "),
    "a long weight": (sample([0], 0, weight="w" * 10_000), "weight 'www"),
}


def refusal(path):
    """What is said of the file, after checking that it is one readable line about it."""
    with pytest.raises(UserError) as caught:
        Corpus.read(path)
    text = str(caught.value)
    assert text.splitlines() == [text]
    assert text.startswith(str(path))
    assert len(text) - len(str(path)) <= 160
    assert caught.value.remedy
    return text.removeprefix(str(path))


@pytest.mark.parametrize("case", BROKEN_LINES)
def test_a_broken_line_is_told_with_its_number(tmp_path, case):
    line, says = BROKEN_LINES[case]
    path = tmp_path / "corpus.jsonl"
    path.write_text(f'{{"vocab": ["a", "b"]}}\n\n{GOOD}\n{line}\n{GOOD}\n', encoding="utf-8")
    told = refusal(path)
    assert told.startswith(":4: ")
    assert says in told


BROKEN_VOCABULARIES = {
    "a name twice": (["a", "b", "a"], "token 'a' stands twice"),
    "a long name twice": (["a", "b" * 10_000, "b" * 10_000], "stands twice"),
    # A comparison of every name with all before it would take hours.
    "a name twice in very many": ([*map(str, range(300_000)), "7"], "token '7' stands twice"),
    "no names": ([], "not a list of strings"),
    "one string": ("ab", "not a list of strings"),
    "a number": (["a", 1], "not a list of strings"),
}


@pytest.mark.parametrize("case", BROKEN_VOCABULARIES)
def test_a_broken_vocabulary_is_told_with_its_line(tmp_path, case):
    vocab, says = BROKEN_VOCABULARIES[case]
    path = tmp_path / "corpus.jsonl"
    path.write_text(f"{json.dumps({'vocab': vocab})}\n{GOOD}\n", encoding="utf-8")
    told = refusal(path)
    assert told.startswith(":1: ")
    assert says in told


def test_a_vocabulary_after_the_samples_is_told_with_its_line(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text(f'{GOOD}\n{{"vocab": ["a", "b"]}}\n', encoding="utf-8")
    told = refusal(path)
    assert told.startswith(":2: ")
    assert "not the first line" in told


@pytest.mark.parametrize("line", [sample([0, "a"], 1), sample(["a"], 1), sample([1], "a")])
def test_names_and_numbers_do_not_mix_without_a_vocabulary(tmp_path, line):
    path = tmp_path / "corpus.jsonl"
    path.write_text(f"{GOOD}\n{line}\n", encoding="utf-8")
    told = refusal(path)
    assert told.startswith(":2: ")
    assert 'token "a" ' in told


def weighted(*pairs):
    """Lines of one-token samples with these weights."""
    return "".join(sample([token], 0, weight=weight) + "\n" for token, weight in pairs).encode()


BROKEN_FILES = {
    "empty": (b"", "no samples"),
    "blank": (b"\n \n\t\n", "no samples"),
    "a vocabulary alone": (b'{"vocab": ["a"]}\n', "no samples"),
    "one token": (GOOD.replace("1", "0").encode(), 'its only token is "0"'),
    "two huge weights": (weighted((0, 1e308), (1, 1e308)), "add up to infinity"),
    "a huge weight twice": (weighted((0, 1e308), (0, 1e308)), "add up to infinity"),
    "a weight lost beside another": (weighted((0, 1e-200), (1, 1e200)), "vanishes"),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_a_file_that_is_no_corpus_as_a_whole_is_named(tmp_path, case):
    content, says = BROKEN_FILES[case]
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(content)
    told = refusal(path)
    assert told.startswith(": ")
    assert says in told


def test_a_missing_file_and_a_directory_are_named(tmp_path):
    assert "no such file" in refusal(tmp_path / "missing.jsonl")
    assert "is a directory" in refusal(tmp_path)
    (tmp_path / "file").touch()
    assert "not a directory" in refusal(tmp_path / "file" / "corpus.jsonl")


def test_the_largest_numbered_vocabulary_is_allowed_and_a_larger_one_is_not(tmp_path):
    path = tmp_path / "corpus.jsonl"
    assert read(path, sample([MAX_VOCAB - 1], 0)).vocab_size == MAX_VOCAB
    path.write_text(sample([MAX_VOCAB], 0))
    assert "asks for more" in refusal(path)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        ([], "no samples"),
        ([([], 0)], "empty"),
        ([([0], 1), ([2], 0)], "token 2 is outside the vocabulary 0..1"),
        ([([0], 1), ([-3], 0)], "token -3 is outside"),
        ([([0], 1), ([0], 0, 0.0)], "sample 1: weight 0.0"),
        ([([0], 1), ([0], 0, math.nan)], "sample 1: weight nan"),
        ([([0], 1, sys.float_info.max), ([0], 0, sys.float_info.max)], "infinity"),
    ],
)
def test_samples_that_make_no_corpus_are_refused(samples, says):
    with pytest.raises(UserError, match=says):
        Corpus.from_samples(samples, vocab_size=2)
