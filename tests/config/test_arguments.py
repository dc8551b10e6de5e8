"""What a shell gives and what Hydra's grammar reads of it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from ntp_dynamics.config.arguments import as_python, parsed, pasted, quoted, readable, text_keys

TEXTS = {"path": False, "list": True}
ODD = st.lists(st.sampled_from([*"ab ='\"\\,()[]{}#~$:é漢\t1", "${"])).map("".join)


def read(override: str) -> Any:
    """The value, as a configuration would hold it."""
    value = as_python(parsed(override).value())
    return OmegaConf.create({"x": value}).x if isinstance(value, str) else value


@given(ODD | st.text(), st.sampled_from("'\""))
@settings(deadline=None, max_examples=300)
def test_a_quoted_text_is_read_as_it_stands(text: str, mark: str) -> None:
    assert read(f"path={quoted(text, mark)}") == text


@given(ODD)
@settings(deadline=None, max_examples=100)
def test_what_is_pasted_into_a_shell_sets_exactly_the_text(text: str) -> None:
    (argument,) = shlex.split(pasted("path", text))
    assert read(argument) == text


@pytest.mark.parametrize(
    "text",
    [
        "e=q", "pa(ren", "ha#sh", "ap'os", "ti~lde", "~lead", "uniçødé漢", "br{ace}", "semi;c",
        'dq"uote', "amp&", "new\nline", "1e3", "1_0", "true", "007", " lead", "trail ", "f(x).txt",
        "back\\slash", "sp ace", "a|b",
    ],
)  # fmt: skip
def test_a_key_that_holds_a_text_takes_it_as_it_was_typed(text: str) -> None:
    once = readable(f"path={text}", TEXTS)
    assert str(read(once)) == text
    assert readable(once, TEXTS) == once


@pytest.mark.parametrize(
    "override",
    ["path='e=q'", "path=a,b", "path=${name}", "path=a\\,b", "other=e=q", "~path", "path", "path="],
)
def test_what_hydra_reads_itself_is_left_as_it_is(override: str) -> None:
    assert readable(override, TEXTS) == override


def test_an_interpolation_keeps_its_meaning_among_odd_characters() -> None:
    assert readable("path=${name}/a=b", TEXTS) == "path='${name}/a=b'"


def test_items_of_lists_and_values_of_sweeps_are_quoted_one_by_one() -> None:
    assert read(readable("list=[pa(ren.py,'b.py']", TEXTS)) == ["pa(ren.py", "b.py"]
    assert read(readable("list=[a=b.py, c.py]", TEXTS)) == ["a=b.py", "c.py"]
    swept = parsed(readable("path=a=1,b=2", TEXTS, sweep=True))
    assert list(swept.sweep_string_iterator()) == ["'a=1'", "'b=2'"]
    assert read(readable("path=a=1,b=2", TEXTS)) == "a=1,b=2"


@dataclass
class Inner:
    name: str = ""
    number: int = 0


@dataclass
class Outer:
    inner: Inner = field(default_factory=Inner)
    names: list[str] = field(default_factory=list)
    maybe: str | None = None


def test_the_keys_that_hold_texts_are_those_of_the_schema() -> None:
    assert text_keys(Outer, "x.") == {"x.inner.name": False, "x.names": True, "x.maybe": False}
