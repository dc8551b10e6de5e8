"""Arrays that are too large for log-spaced checkpoints are left out, and nothing else is."""

import pytest

from ntp_dynamics.config.choices import When
from ntp_dynamics.config.job import Hooks
from ntp_dynamics.observe.hooks import LARGE, affordable, hooks_of
from ntp_dynamics.observe.observable import observable
from ntp_dynamics.study import Outline

scalar = observable(name="scalar", long_name="one number")(lambda state, reference: state)
small = observable(name="small", long_name="few", dims=("few",))(lambda state, reference: state)
table = observable(name="table", long_name="many", dims=("many",))(lambda state, reference: state)
own = observable(name="own", long_name="many", dims=("many",), schedule=lambda step: step == 3)(
    lambda state, reference: state
)
SIZES = {"run": 2, "few": 4, "many": LARGE // 16}


def kept(when: When, **sizes: int) -> list[str]:
    settings = Hooks(arrays=when)
    hooks = hooks_of(settings, [Outline("stage", 100)], [scalar, small, table, own])
    return [h.observable.name for h in affordable(hooks, settings, SIZES | sizes)["stage"]]


def test_an_array_is_left_out_from_one_value_too_many_on() -> None:
    assert kept(When.checkpoints) == ["scalar", "small", "table", "own"]
    assert kept(When.checkpoints, many=LARGE // 16 + 1) == ["scalar", "small", "own"]


@pytest.mark.parametrize("when", [When.ends, When.recorded, When.every])
def test_who_asks_for_other_steps_gets_every_array(when: When) -> None:
    assert kept(when, many=LARGE) == ["scalar", "small", "table", "own"]
