"""The JSON of a judgement, as pydantic checks it; `judgement.schema.json` is made of this."""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from ntp_dynamics.verdict.label import Label

WORDS = tuple(str(label) for label in Label)
DRAFT = "https://json-schema.org/draft/2020-12/schema"
Told = FiniteFloat | Literal["nan", "inf", "-inf"] | None
"""A number; one that is not finite by its name."""


class Part(BaseModel):
    """Strict: no key is unknown and no text is taken for a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Said(Part):
    """The statement, as its author wrote it (`judging.statement.Statement`)."""

    law: str = Field(description="in the notation of docs/judge.md")
    constant: Told = None
    start: Told = Field(None, description="the statement speaks from this place of the clock on")
    ceiling: Told = Field(
        None, description="the largest possible value; the smallest if a lower bound"
    )
    floor: Told = Field(None, description="what lies below is rounding")
    tolerance: Told = Field(0.05, description="relative, of equalities")
    transient: bool = Field(
        True, description="false: the clock is a size, nothing dies out along it"
    )
    about: Literal["run", "ensemble"] = "run"
    unit: str = ""
    text: str = Field("", description="the statement in words")
    source: str = Field("", description="where it was made")


class Asked(BaseModel):
    """The law that the statement makes, with the parameters of its form."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    form: str
    formula: str
    side: Literal["upper", "lower"]
    log_constant: FiniteFloat | None = Field(None, description="ln C; null: some constant")


class Run(Part):
    """A run and what became of it."""

    name: str
    outcome: Literal["kept", "broken", "contradicted", "undecided", "invalid", "left out"] | None


class Curve(Part):
    """What was logged: t (T,) and y (S, T), one row a run."""

    name: str
    clock: str
    source: str = Field("", description="the name of the file, without its folder")
    runs: list[str]
    notes: list[str] = Field([], description="what was left out or found on the way")
    reading: list[str] = Field([], description="what is written after ntp-judge to read it again")
    places: int = Field(ge=0, description="T")
    t: list[FiniteFloat] | None = None
    y: list[list[FiniteFloat | None]] | None = Field(None, description="null is not finite")
    not_finite: dict[str, Literal["inf", "-inf"]] | None = Field(
        None, description="what a null is by its path, y.<run>.<place>; nan if it is not here"
    )

    bounds: dict[str, list[list[FiniteFloat]]] | None = Field(
        None, description="columns that y is held against, like y"
    )

    @model_validator(mode="after")
    def fits(self) -> Self:
        """Sizes agree, and every path leads to a null."""
        if (self.t is None) != (self.y is None):
            raise ValueError("t and y are given together")
        if self.t is None or self.y is None:
            return self
        if len(self.t) != self.places:
            raise ValueError(f"{len(self.t)} values of t, {self.places} places")
        if len(self.y) != len(self.runs):
            raise ValueError(f"{len(self.y)} rows of y, {len(self.runs)} runs")
        if any(len(row) != self.places for row in self.y):
            raise ValueError("a row of y has not one value for each t")
        for rows in (self.bounds or {}).values():
            if [len(row) for row in rows] != [self.places] * len(self.runs):
                raise ValueError("a bound has not one value for each value of y")
        if not all(_leads(path, self.y) for path in self.not_finite or {}):
            raise ValueError("a path of not_finite leads to no null")
        return self


def _leads(path: str, y: list[list[float | None]]) -> bool:
    name, _, place = path.partition(".")
    run, _, at = place.partition(".")
    if name != "y" or not (run.isdecimal() and at.isdecimal()):
        return False
    return int(run) < len(y) and int(at) < len(y[int(run)]) and y[int(run)][int(at)] is None


class Judgement(Part):
    """What ntp-judge found of one statement about one curve."""

    format: Literal["ntp-judgement"]
    version: Literal[1]
    answer: Literal["kept", "contradicted", "undecided"]
    exit_code: Literal[0, 1, 3]
    label: str = Field(json_schema_extra={"enum": list(WORDS)})
    sentence: str
    settle: str | None = Field(None, description="what would settle an undecided question")
    statement: Said
    asked: Asked
    runs: list[Run]
    verdict: dict[str, Any] = Field(description="as in verdicts.json, docs/record.md")
    curve: Curve

    @model_validator(mode="after")
    def agrees(self) -> Self:
        """Words, codes and names say the same."""
        if self.label not in WORDS:
            raise ValueError(f"label is none of {', '.join(WORDS)}")
        if self.exit_code != {"kept": 0, "contradicted": 1, "undecided": 3}[self.answer]:
            raise ValueError("exit_code and answer differ")
        if self.verdict.get("label") != self.label:
            raise ValueError("the label of the verdict is another one")
        if [run.name for run in self.runs] != self.curve.runs:
            raise ValueError("runs and curve.runs name different runs")
        return self


def written() -> str:
    """The text of `judgement.schema.json`."""
    schema = {"$schema": DRAFT, **Judgement.model_json_schema()}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
