"""The JSON of a judgement: versioned, written down, checked, and read back."""

from __future__ import annotations

import copy
import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.judging.judged import Judged
from ntp_dynamics.judging.pages.model import Said, written
from ntp_dynamics.judging.pages.schema import SCHEMA, from_json, to_json, validate
from ntp_dynamics.judging.statement import Statement
from ntp_dynamics.system.errors import UserError
from tests.judging.pages.made import kinds


def plain(judged: Judged, **how: Any) -> Any:
    """As another program reads it."""
    return json.loads(json.dumps(to_json(judged, **how), allow_nan=False))


@pytest.mark.parametrize("name", kinds())
def test_a_judgement_comes_back_as_it_was(name: str) -> None:
    one = kinds()[name]
    record = plain(one)
    back = from_json(record)
    assert back.statement == one.statement
    assert back.answer == one.answer
    assert back.sentence == one.sentence
    assert back.curve.runs == one.curve.runs
    np.testing.assert_array_equal(back.curve.t, one.curve.t)
    np.testing.assert_array_equal(back.curve.y, one.curve.y)
    np.testing.assert_array_equal(
        back.made.law.log_f(back.curve.t), one.made.law.log_f(one.curve.t)
    )
    assert plain(back) == record


def test_the_written_schema_is_what_is_asked() -> None:
    """Else: python -c "from ntp_dynamics.judging.pages import model, schema as s;
    s.SCHEMA.write_text(model.written(), encoding='utf-8')", and mind the version."""
    assert SCHEMA.read_text(encoding="utf-8") == written()


def test_the_written_schema_by_itself_accepts_every_kind_and_refuses_a_wrong_one() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    for one in kinds().values():
        assert not list(checker.iter_errors(plain(one)))
        assert not list(checker.iter_errors(plain(one, data=False)))
    assert list(checker.iter_errors({**plain(kinds()["kept"]), "version": 2}))


def test_the_schema_has_every_field_of_a_statement() -> None:
    assert set(Said.model_fields) == {field.name for field in fields(Statement)}


WRONG = [
    (("version",), 2, "judgement.version: input should be 1"),
    (("format",), "other", "judgement.format: input should be 'ntp-judgement'"),
    (("answer",), "maybe", "judgement.answer: input should be 'kept', 'contradicted'"),
    (("exit_code",), 1, "judgement: exit_code and answer differ"),
    (("label",), "fine", "judgement: label is none of holds"),
    (("label",), "vacuous", "judgement: the label of the verdict is another one"),
    (("sentence",), 3, "judgement.sentence: input should be a valid string"),
    (("more",), 3, "judgement.more: extra inputs are not permitted"),
    (("statement", "constant"), "three", "judgement.statement.constant"),
    (("statement", "about"), "all", "judgement.statement.about: input should be 'run'"),
    (("curve", "t", 3), "x", "judgement.curve.t.3: input should be a valid number"),
    (("curve", "t", 3), True, "judgement.curve.t.3: input should be a valid number"),
    (("curve", "y", 0, 2), "nan", "judgement.curve.y.0.2: input should be a valid number"),
    (("curve", "t"), [1.0], "judgement.curve: 1 values of t, 81 places"),
    (("curve", "y"), [], "judgement.curve: 0 rows of y, 1 runs"),
    (("curve", "t"), None, "judgement.curve: t and y are given together"),
    (("curve", "not_finite"), {"y.0.1": "inf"}, "judgement.curve: a path of not_finite leads to"),
    (("curve", "not_finite"), {"y.-1.x": "inf"}, "judgement.curve: a path of not_finite leads to"),
    (("curve", "bounds"), {"a": [[1.0]]}, "judgement.curve: a bound has not one value"),
    (("runs",), [], "judgement: runs and curve.runs name different runs"),
    (("verdict",), [], "judgement.verdict: input should be a valid dictionary"),
]


@pytest.mark.parametrize(("path", "value", "said"), WRONG, ids=lambda x: str(x)[:40])
def test_what_is_wrong_is_told_in_one_line_with_its_path(path: Any, value: Any, said: str) -> None:
    record = copy.deepcopy(plain(kinds()["kept"]))
    place = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(UserError) as found:
        validate(record)
    assert str(found.value).startswith(said)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("record", [None, [], "x", {}, 3])
def test_what_is_no_judgement_at_all_is_told(record: Any) -> None:
    with pytest.raises(UserError, match=r"^claim.json"):
        validate(record, "claim.json")


def test_without_its_values_a_judgement_is_valid_and_not_read_back() -> None:
    record = plain(kinds()["kept"], data=False)
    assert validate(record).curve.t is None
    with pytest.raises(UserError, match="values of the curve are not there"):
        from_json(record)


def test_a_verdict_that_is_none_is_told() -> None:
    record = plain(kinds()["kept"])
    record["verdict"] = {"label": "tight", "not_finite": {}, "colour": "blue"}
    with pytest.raises(UserError, match=r"judgement.verdict: it is not one"):
        from_json(record)


def test_a_value_that_is_not_finite_is_told_by_name() -> None:
    record = plain(kinds()["not finite"])
    assert record["curve"]["y"][1][20] is None
    assert record["curve"]["not_finite"] == {"y.2.30": "inf"}
