"""Every mistake in a configuration is told at once, a line each, with its dotted key."""

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import MISSING, OmegaConf
from pydantic import Field

from ntp_dynamics.config.validate import nearest_key, validate
from ntp_dynamics.system.errors import UserErrors


class Colour(StrEnum):
    red = "red"
    blue = "blue"


@dataclass
class Shape:
    colour: Colour = Colour.red


@dataclass
class Circle(Shape):
    radius: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


@dataclass
class Square(Shape):
    side: float = 1.0


@dataclass
class Paint:
    layers: Annotated[int, Field(ge=1, le=9)] = 1
    cover: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None


@dataclass
class Picture:
    title: str = MISSING
    shape: Shape = field(default_factory=Circle)
    paint: Paint = field(default_factory=Paint)
    colours: list[Colour] = field(default_factory=lambda: [Colour.red, Colour.blue])
    framed: bool = False


@dataclass
class Pair:
    first: Paint = field(default_factory=Paint)
    second: Paint = field(default_factory=lambda: Paint(layers=7))


GROUPS: dict[str, dict[str, type]] = {"shape": {"circle": Circle, "square": Square}}


def picture(**values):
    """A composed picture; keys with __ for dots, unknown ones added as by ``+key=value``."""
    node = OmegaConf.structured(Picture)
    node.title = "sun"
    for key, value in values.items():
        OmegaConf.update(node, key.replace("__", "."), value, force_add=True)
    return node


def mistakes(node):
    """What is said of each dotted key, after checking that each is one line with a remedy."""
    with pytest.raises(UserErrors) as caught:
        validate(node)
    errors = caught.value.errors
    assert str(caught.value).splitlines() == [str(error) for error in errors]
    assert all(error.remedy for error in errors)
    assert all(len(str(error)) <= 200 for error in errors)
    assert len({error.where for error in errors}) == len(errors)
    return {error.where: f"{error.what}; {error.remedy}" for error in errors}


def test_a_sound_configuration_becomes_its_dataclasses():
    node = picture(shape__colour="blue", paint__layers=3, colours=["blue"], framed=True)
    assert validate(node) == Picture(
        "sun", Circle(Colour.blue, 1.0), Paint(3, None), [Colour.blue], True
    )
    assert type(validate(node).shape) is Circle
    assert type(validate(node).shape.colour) is Colour


def test_a_choice_of_a_group_is_validated_as_itself():
    node = picture()
    node.shape = Square(side=2.0)
    assert validate(node).shape == Square(Colour.red, 2.0)
    OmegaConf.update(node, "shape.radius", 2.0, force_add=True)
    assert mistakes(node) == {"shape.radius": "unknown key; the keys here are colour, side"}


def test_an_unknown_key_is_told_with_the_nearest_name():
    assert mistakes(picture(titel="x")) == {"titel": "unknown key; did you mean 'title'?"}
    assert mistakes(picture(paint__layer=1)) == {
        "paint.layer": "unknown key; did you mean 'layers'?"
    }
    found = mistakes(picture(paint__zzz={"deep": 1}))
    assert found == {"paint.zzz": "unknown key; the keys here are layers, cover"}


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("paint__layers", 0, "0 is refused; it should be greater than or equal to 1"),
        ("paint__layers", 10, "10 is refused; it should be less than or equal to 9"),
        ("shape__radius", 0.0, "0.0 is refused; it should be greater than 0"),
        ("shape__radius", -1.0, "-1.0 is refused; it should be greater than 0"),
        ("shape__radius", float("nan"), "nan is refused; it should be a finite number"),
        ("shape__radius", float("inf"), "inf is refused; it should be a finite number"),
        ("shape__radius", float("-inf"), "-inf is refused; it should be a finite number"),
        ("paint__cover", 1.5, "1.5 is refused; it should be less than or equal to 1"),
        ("paint__cover", float("nan"), "nan is refused; it should be a finite number"),
    ],
)
def test_a_value_out_of_range_is_told_with_the_range(key, value, says):
    assert mistakes(picture(**{key: value})) == {key.replace("__", "."): says}


@pytest.mark.parametrize(
    ("key", "value"),
    [("paint__layers", 1), ("paint__layers", 9), ("paint__cover", 1.0), ("paint__cover", None)],
)
def test_the_ends_of_a_range_belong_to_it(key, value):
    owner, _, name = key.partition("__")
    assert getattr(getattr(validate(picture(**{key: value})), owner), name) == value


def test_an_enum_takes_its_names_and_no_other_word():
    assert validate(picture(title="blue", shape__colour="${title}")).shape.colour is Colour.blue
    found = mistakes(picture(title="green", shape__colour="${title}"))
    assert set(found) == {"shape.colour"}
    assert "'green', expected one of [red, blue]" in found["shape.colour"]


def test_a_missing_value_is_asked_for_by_its_key():
    node = picture(title="???", shape__radius="???")
    assert mistakes(node) == {
        "title": "it has no value; give one: title=...",
        "shape.radius": "it has no value; give one: shape.radius=...",
    }


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("title", "${nothing}", "Interpolation key 'nothing' not found"),
        ("title", "${paint.layer}", "Interpolation key 'paint.layer' not found"),
        ("title", "${title}", "Recursive interpolation"),
        ("title", "${nosuch:resolver}", "Unsupported interpolation type nosuch"),
        ("paint", "${nothing}", "Interpolation key 'nothing' not found"),
        ("paint__layers", "${paint.cover}", "'None' for field of type 'int'"),
        ("paint__layers", "${title}", "could not be converted to Integer"),
        ("colours", ["blue", "${nothing}"], "Interpolation key 'nothing' not found"),
        ("colours", ["blue", "${title}"], "'sun', expected one of [red, blue]"),
        ("colours", ["blue", "???"], "Missing mandatory value"),
    ],
)
def test_a_bad_interpolation_is_told_with_its_key(key, value, says):
    found = mistakes(picture(**{key: value}))
    assert set(found) == {key.replace("__", ".")}
    assert says in found[key.replace("__", ".")]


def test_a_good_interpolation_is_resolved_and_its_value_checked():
    assert validate(picture(paint__cover=0.5, shape__radius="${paint.cover}")).shape.radius == 0.5
    found = mistakes(picture(paint__layers=10, shape__radius="${paint.layers}"))
    assert set(found) == {"paint.layers"}
    assert "shape.radius" in mistakes(picture(shape__radius="${.depth}", shape__depth=-1.0))


@pytest.mark.parametrize("key", ["paint", "title", "framed", "colours", "paint__layers"])
def test_a_node_of_another_kind_does_not_fit(key):
    found = mistakes(picture(**{key: "${shape}"}))
    assert set(found) == {key.replace("__", ".")}


def test_a_node_of_the_same_kind_fits():
    node = picture(paint__layers=4)
    OmegaConf.update(node, "paint", "${spare}")
    OmegaConf.update(node, "spare", Paint(layers=7), force_add=True)
    assert set(mistakes(node)) == {"spare"}
    both = OmegaConf.structured(Pair)
    OmegaConf.update(both, "first", "${second}")
    assert validate(both) == Pair(Paint(7), Paint(7))


def test_all_mistakes_are_told_at_once():
    node = picture(
        titel="x",
        title="???",
        shape__radius=float("nan"),
        shape__radios=1,
        paint__layers=0,
        paint__cover="${nothing}",
        colours=["${nothing}"],
    )
    assert set(mistakes(node)) == {
        "titel", "title", "shape.radius", "shape.radios", "paint.layers", "paint.cover", "colours",
    }  # fmt: skip


BAD = {
    "titel": "x",
    "title": "???",
    "shape.radius": -1.0,
    "shape.colour": "${nothing}",
    "shape.edge": 1,
    "paint.layers": 10,
    "paint.cover": 2.0,
    "colours": ["${nothing}"],
    "framed": "${title}",
}


@given(st.sets(st.sampled_from(sorted(BAD))))
@settings(max_examples=150, deadline=None)
def test_exactly_the_broken_keys_are_told(broken):
    node = picture()
    for key in broken:
        OmegaConf.update(node, key, BAD[key], force_add=True)
    assert (set(mistakes(node)) if broken else validate(node).title) == (broken or "sun")


@given(st.text(min_size=1, max_size=300))
@settings(max_examples=100, deadline=None)
def test_an_unknown_key_is_told_as_it_is_spelled(key):
    node = picture()
    node._set_flag("struct", False)
    known = {f.name for f in fields(Picture)}
    if key not in known:
        node[key] = 1
        with pytest.raises(UserErrors) as caught:
            validate(node)
        (error,) = caught.value.errors
        assert error.where == key
        assert error.what == "unknown key"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("titel", "did you mean 'title'?"),
        ("paint.layer", "did you mean 'paint.layers'?"),
        ("shape.radios", "did you mean 'shape.radius'?"),
        ("shape.sides", "did you mean 'shape.side'?"),
        ("shape.side", "it is a key of shape=square"),
        ("shape.radius", "it is a key of shape=circle"),
        ("qqqq", "ntp-train --help lists the keys"),
    ],
)
def test_an_unknown_path_is_answered_with_its_owner_or_the_nearest(path, says):
    assert nearest_key(path, {"drawing": Picture}, GROUPS) == says
