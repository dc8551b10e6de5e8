"""Laws as they were judged, written with the verdicts: a page draws them without the study.

verdicts.json holds the numbers of a law, one for all covered runs or one for each; curves that have
no closed form (arrays, functions of t) are evaluated on the recorded grid and go to laws.nc.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.record.laws import read_curve
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.law import FORMS, Law
from ntp_dynamics.verdict.parameters import allowance, curve_of, heard, one_a_run, told
from ntp_dynamics.verdict.terms import Given, Terms

if TYPE_CHECKING:
    import xarray

SAID = ("id", "version", "source", "stage", "observable", "kind")
"""What a verdict tells of its claim beside its terms."""
TERMS = "terms"
UNSTATED = ("rate", "low", "high")
"""Parameters that a law may leave open."""


@dataclass(frozen=True, eq=False)
class Written:
    """What a claim said of the runs (S) of one record.

    ``law``: of the covered runs only, those that meet the hypotheses; None where there is none.
    ``log_constant``, ``t_min``: None, one number, or one for each covered run.  ``t`` (T,) is the
    grid that curves without a closed form are given on, None where it is not known.
    """

    id: str
    version: str
    source: str
    stage: str
    observable: str
    kind: str
    side: str
    tight: bool
    ceiling: float | None
    clock: str
    offset: float
    covered: Bool[np.ndarray, " S"]
    law: Law | None = None
    log_constant: Float[np.ndarray, " N"] | None = None
    t_min: Float[np.ndarray, " N"] | None = None
    t: Float[np.ndarray, " T"] | None = None

    @property
    def key(self) -> str:
        """How it is told from other claims and versions."""
        return claim_key(self.id, self.version)

    @property
    def curves(self) -> dict[str, Float[np.ndarray, "N T"]]:
        """Of the law, what is no single number, by the name that it has in laws.nc."""
        if self.law is None:
            return {}
        values = {f.name: getattr(self.law, f.name) for f in fields(self.law)}
        return {
            self.variable(name): value
            for name, value in values.items()
            if isinstance(value, np.ndarray) and value.ndim == 2 and value.size > 1
        }

    def variable(self, field: str) -> str:
        """The name of a curve in the group of its stage."""
        name = self.key if field == "curve" else f"{self.key} {field}"
        return name.replace("/", "|")

    def to_json(self) -> dict[str, Any]:
        """The terms of a claim, beside what its verdict says."""
        law = self.law
        return {
            "tight": self.tight,
            "ceiling": self.ceiling,
            "side": self.side,
            "clock": self.clock,
            "offset": self.offset,
            "covered": np.flatnonzero(self.covered).tolist(),
            "law": None if law is None else law.to_json(),
            "curves": list(self.curves),
            "log_constant": told(self.log_constant),
            "t_min": told(self.t_min),
        }


def claim_key(identity: str, version: str) -> str:
    """How claims and their versions are told apart."""
    return f"{identity} ({version})"


def write_down(claim: Claim, constants: Any, t: Float[np.ndarray, " T"], runs: int) -> Written:
    """A claim with the constants of a record filled in, on the grid it is judged on."""
    return write_terms(Terms(claim, Given(constants, runs), t))


def write_terms(terms: Terms) -> Written:
    """The same, of constants that are filled in already."""
    claim, covered = terms.claim, terms.kept
    found: dict[str, Any] = {}
    if terms.any_kept:
        found = {
            "offset": terms.offset,
            "law": terms.kept_law,
            "log_constant": _covered(terms.log_constant, covered),
            "t_min": _covered(terms.t_min, covered),
            "t": terms.t,
        }
    given = {name: str(getattr(claim, name)) for name in SAID}
    same = {name: getattr(claim, name) for name in ("side", "tight", "ceiling", "clock")}
    return Written(**given, **same, covered=covered, **{"offset": 0.0, **found})


def read_down(
    verdict: Mapping[str, Any], runs: int, laws: xarray.DataTree | None = None
) -> Written | None:
    """The inverse of ``to_json``, from a claim of verdicts.json and from laws.nc; None where no
    terms were written.  Raises KeyError, TypeError, ValueError or IndexError for what no job wrote.
    """
    terms = verdict.get(TERMS)
    if terms is None:
        return None
    covered = np.zeros(runs, dtype=bool)
    covered[np.asarray(terms["covered"], dtype=int)] = True
    ceiling = terms["ceiling"]
    said: dict[str, Any] = {name: str(verdict[name]) for name in SAID}
    written = Written(
        **said,
        side="lower" if terms["side"] == "lower" else "upper",
        tight=bool(terms["tight"]),
        ceiling=None if ceiling is None else float(ceiling),
        clock=str(terms["clock"]),
        offset=float(terms["offset"]),
        covered=covered,
    )
    law = terms["law"]
    if law is None:
        return written
    curves, t = {}, None
    for field in fields(FORMS[law["form"]]):
        if laws is not None and (name := written.variable(field.name)) in terms["curves"]:
            curves[field.name], t = read_curve(laws, written.stage, name, covered)
    more = {
        "law": law_from_json(law, curves),
        "log_constant": heard(terms["log_constant"]),
        "t_min": heard(terms["t_min"]),
        "t": t,
    }
    written = replace(written, **more)
    _check(written, int(covered.sum()))
    return written


def law_from_json(
    record: Mapping[str, Any], curves: Mapping[str, Float[np.ndarray, "N T"]] | None = None
) -> Law:
    """The inverse of ``Law.to_json``; ``curves`` are those of its fields that are no number.

    Raises KeyError for what is not there, ValueError or TypeError for what are no numbers.
    """
    made = FORMS[record["form"]]
    given: dict[str, Any] = {}
    for field in (f.name for f in fields(made)):
        value: Any = curves[field] if curves and field in curves else record[field]
        if value is None and field not in UNSTATED:
            raise ValueError(f"{field} of a law is missing")
        if field == "asymptotic":
            given[field] = bool(value)
        elif field == "sign":
            given[field] = 1 if value == 1 else -1
        elif isinstance(value, np.ndarray):
            given[field] = curve_of(value)
        elif field in ("tolerance", "absolute"):
            given[field] = allowance(value)
        elif field in made.plain:
            given[field] = float(str(value))
        else:
            number = heard(value)
            given[field] = curve_of(number) if field in made.curves else number
    return made(**given)


def _check(written: Written, covered: int) -> None:
    """Raises ValueError where numbers fit neither one nor each of the covered runs."""
    law = written.law
    values = [written.log_constant, written.t_min, *(vars(law).values() if law else ())]
    for value in values:
        if isinstance(value, np.ndarray) and len(value) not in (1, covered):
            raise ValueError(f"{written.key}: {len(value)} numbers for {covered} runs")


def _covered(value: Any, covered: Bool[np.ndarray, " S"]) -> Float[np.ndarray, " N"] | None:
    """A constant of the covered runs: one number, or one for each."""
    if value is None:
        return None
    numbers = one_a_run(value)
    return numbers if numbers.size == 1 else np.broadcast_to(numbers, covered.shape)[covered]
