"""Rows of tokens in arrays say what the same rows say as tuples."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data.row_kernels import bags, equals
from ntp_dynamics.studies.next_token.data.rows import Rows

many = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=60)


@given(many)
@settings(max_examples=200, deadline=None)
def test_equal_rows_are_found_and_those_with_one_token_more(rows):
    first, before = equals(Rows.of(rows))
    assert first.tolist() == [rows.index(row) for row in rows]
    wanted = [rows.index(row[:-1]) if row[:-1] in rows else -1 for row in rows]
    assert before.tolist() == wanted


@given(many)
@settings(max_examples=200, deadline=None)
def test_a_bag_holds_the_tokens_of_a_row_by_first_occurrence_with_their_copies(rows):
    tokens, copies = bags(Rows.of(rows), 4)
    found = zip(tokens.lists(), np.split(copies, tokens.start[1:-1]), strict=True)
    for row, (kinds, often) in zip(rows, found, strict=True):
        assert Counter(row) == dict(zip(kinds, often.tolist(), strict=True))
        assert kinds == list(dict.fromkeys(row))


@given(many, st.data())
@settings(max_examples=100, deadline=None)
def test_rows_can_be_taken_and_made_longer(rows, data):
    which = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1))
    made = Rows.of(rows)
    assert list(made.take(np.array(which)).lists()) == [rows[i] for i in which]
    token = np.arange(len(rows))
    assert list(made.ended_by(token).lists()) == [[*row, i] for i, row in enumerate(rows)]
    assert made.owner().tolist() == [i for i, row in enumerate(rows) for _ in row]
    assert made.place().tolist() == [k for row in rows for k in range(len(row))]
    assert [made.first.tolist(), made.last.tolist()] == [[r[i] for r in rows] for i in (0, -1)]
