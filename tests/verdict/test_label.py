"""Labels: every way of telling one tells them all apart, and the worst comes first."""

import json
from itertools import pairwise

from ntp_dynamics.record.outcome import labels
from ntp_dynamics.verdict.label import Label, Seen, marks
from ntp_dynamics.verdict.verdict import Verdict


def test_word_letter_and_colour_each_tell_all_labels_apart():
    for tell in (str, lambda x: x.letter, lambda x: x.colour, lambda x: x.severity):
        assert len({tell(label) for label in Label}) == len(Label) == 8


def test_a_label_is_its_word_in_json_and_in_a_verdict():
    verdict = Verdict("inapplicable")
    assert verdict.label is Label.does_not_apply
    assert json.loads(json.dumps(verdict.to_json()))["label"] == "does not apply"
    assert list(marks()) == [*map(str, Label), *(seen.mark for seen in Seen)]


def test_what_is_observed_is_no_label_and_is_drawn_as_none():
    words = {*map(str, Seen), *(seen.mark for seen in Seen)}
    assert not any(Label.known(word) for word in words)
    letters = [x.letter for x in (*Label, *Seen)]
    assert len(set(letters)) == len(letters)
    outlined = {name for name, mark in marks().items() if mark.get("outline")}
    assert outlined == {seen.mark for seen in Seen}
    assert [Seen.known(word) for word in ("kept", "holds", None, ["kept"])] == [Seen.kept] + [
        None
    ] * 3


def test_only_words_of_labels_are_known():
    assert Label.known("tight") is Label.tight
    assert [Label.known(word) for word in ("12 of 20", "", None, 3, ["tight"])] == [None] * 5


def test_of_two_versions_of_a_claim_the_more_severe_label_counts():
    def told(*words):
        more = {"id": "a", "p_contradicted": None, "counts": {}, "failing": []}
        return labels([{"label": word, **more} for word in words])["labels"]["a"]

    by_severity = sorted(Label, key=lambda label: label.severity)
    assert by_severity[0] is Label.contradicted
    for worse, better in pairwise(by_severity):
        assert told(better, worse) == told(worse, better) == worse
