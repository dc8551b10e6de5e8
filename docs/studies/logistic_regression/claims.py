"""What the theorems say, one after another; w* is the direction of largest margin."""

from __future__ import annotations

from logistic_regression.problem import Rule
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

SOUDRY = "Soudry et al. 2018, {}"
PLAIN = Precondition("plain", lambda c: c.rule is Rule.gd, "the rule is not plain descent")
SMALL = Precondition("small step", lambda c: c.step_size <= 1, "the step size is above 1")
NORMALISED = Precondition("normalised", lambda c: c.rule is Rule.ngd, "the rule is not normalised")

CLAIMS = [
    Claim(
        id="gd.loss",
        statement="the loss of plain descent falls like 1/t",
        source=SOUDRY.format("Thm 5"),
        version="text",
        stage="descent",
        observable="log_loss",
        law=Law.power(1),
        preconditions=(PLAIN,),
        tight=True,
    ),
    Claim(
        id="gd.direction",
        statement="across w* w stays bounded while it grows along: |w/|w| - w*| = O(1/log t)",
        source=SOUDRY.format("Thm 3"),
        version="text",
        stage="descent",
        observable="rest",
        law=Law.power(0),
        preconditions=(PLAIN,),
        tight=True,
    ),
    Claim(
        id="ngd.margin",
        statement="the margin of normalised descent reaches the largest at the rate 1/t",
        source="Ji, Telgarsky 2021",
        version="text",
        stage="descent",
        observable="margin_gap",
        law=Law.power(1),
        preconditions=(NORMALISED, SMALL),
        tight=True,
    ),
]
