"""What is mutated, how much of it, and which tests belong to it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutants.mutate import Mutant, mutants

HAND = (
    "tests/studies/next_token/theory/test_claims_by_hand.py",
    "tests/studies/next_token/theory/test_claims_by_hand_hypotheses.py",
)
SOLVED = (
    "tests/studies/next_token/theory/test_column.py",
    "tests/studies/next_token/theory/test_certificate.py",
)
GRAM = (
    "tests/studies/next_token/theory/test_min_norm.py",
    "tests/studies/next_token/theory/test_gram_dual.py",
)
JUDGED = tuple(
    f"tests/{name}.py"
    for name in (
        "verdict/test_law",
        "verdict/test_limits",
        "verdict/test_claim",
        "verdict/test_gate",
        "verdict/test_bound",
        "verdict/test_single",
        "observe/test_wiring",
        "verdict/test_judge",
        "verdict/test_verdict",
    )
)
RATED = (*JUDGED, "tests/verdict/test_rate.py")
STEPPED = (
    "tests/studies/next_token/model/test_kernel.py",
    "tests/studies/next_token/model/test_measure.py",
)
BOTH = (
    "tests/studies/next_token/optim/test_joint.py",
    "tests/studies/next_token/model/test_joint.py",
)
LEARNT = ("tests/studies/next_token/optim/test_kernel_dynamics.py",)
ON_TENSORS = ("tests/studies/next_token/model/test_cross_entropy.py",)


@dataclass(frozen=True)
class Area:
    """Files by the tests that belong to them; ``size`` mutants are drawn from all."""

    name: str
    size: int
    tests: dict[str, tuple[str, ...]]


def _theory(**tests: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {
        f"ntp_dynamics/studies/next_token/theory/{name}.py": given for name, given in tests.items()
    }


AREAS = [
    Area(
        "claims",
        110,
        _theory(
            huang2024=HAND,
            asymptotics=HAND,
            hypotheses=HAND,
            constants=HAND,
            step_size=(*HAND, "tests/studies/next_token/theory/test_step_size.py"),
            traps=(*HAND, "tests/studies/next_token/theory/test_traps.py"),
        ),
    ),
    Area(
        "targets",
        80,
        _theory(
            assumptions=("tests/studies/next_token/theory/test_assumptions.py",),
            explain=("tests/studies/next_token/theory/test_assumptions.py",),
            certificate=(
                "tests/studies/next_token/theory/test_certificate.py",
                "tests/studies/next_token/theory/test_proposition2.py",
            ),
            column=SOLVED,
            max_margin=("tests/studies/next_token/theory/test_max_margin.py", *SOLVED),
            min_norm=GRAM,
            dual_gradient=GRAM,
            gram_dual=GRAM[::-1],
            separation=GRAM,
            proposition2=("tests/studies/next_token/theory/test_proposition2.py",),
            pure_attention=("tests/studies/next_token/theory/test_pure_attention.py", *HAND),
            targets=(
                "tests/studies/next_token/theory/test_targets.py",
                "tests/studies/next_token/theory/test_gram_dual.py",
                *HAND,
            ),
        ),
    ),
    Area(
        "recogniser",
        30,
        {
            "ntp_dynamics/studies/next_token/data/realizable.py": (
                "tests/studies/next_token/data/test_realizable.py",
                "tests/studies/next_token/theory/test_assumptions.py",
            )
        },
    ),
    Area(
        "verdict",
        90,
        {
            "ntp_dynamics/verdict/multiplicity.py": ("tests/verdict/test_multiplicity.py",),
            **{
                f"ntp_dynamics/verdict/{name}.py": JUDGED
                for name in ("law", "claim", "gate", "bound", "judge", "verdict")
            },
            **{
                f"ntp_dynamics/verdict/{name}.py": RATED
                for name in (
                    "windows",
                    "drift",
                    "single",
                    "company",
                    "decision",
                    "ensemble",
                    "rate",
                )
            },
            "ntp_dynamics/observe/judgement.py": JUDGED,
        },
    ),
    Area(
        "kernels",
        40,
        {
            "ntp_dynamics/studies/next_token/model/kernel.py": STEPPED,
            "ntp_dynamics/studies/next_token/model/dense.py": (*STEPPED, *BOTH),
            "ntp_dynamics/studies/next_token/model/gains.py": (*ON_TENSORS, *STEPPED),
            "ntp_dynamics/studies/next_token/model/structured.py": ON_TENSORS,
            "ntp_dynamics/studies/next_token/model/kernel_descent.py": (*BOTH, *STEPPED),
            "ntp_dynamics/studies/next_token/model/per_sentence.py": STEPPED[::-1],
            "ntp_dynamics/studies/next_token/model/measure.py": STEPPED[::-1],
            "ntp_dynamics/studies/next_token/model/joint.py": BOTH,
            "ntp_dynamics/studies/next_token/optim/closed_form.py": (*STEPPED[1:], *LEARNT),
        },
    ),
]
NAMED = {
    "Theorem 1 with 45 for 54": ("huang2024", "np.log(54 *", "np.log(45 *"),
    "Theorem 2 with 1669 for 1696": ("huang2024", "factor = 1696 *", "factor = 1669 *"),
    "Proposition 1 with ||W*||^2": ("huang2024", "factor * c.ov_norm**3", "factor * c.ov_norm**2"),
    "C1 without L_max": ("huang2024", "(4 * c.max_length * c.kq_norm**2)", "(4 * c.kq_norm**2)"),
    "Lemma 6 without its 2": ("huang2024", "np.log(2 * c.kq_norm)", "np.log(c.kq_norm)"),
    "Corollary 1 with 348 for 384": ("huang2024", "return 384 *", "return 348 *"),
    "Assumption 3 dropped": ("huang2024", "    ASSUMPTION_2,\n    ASSUMPTION_3,\n    ZERO_INIT",
                             "    ASSUMPTION_2,\n    ZERO_INIT"),
    "N counts all sentences": ("constants", "(c.rows.lengths > 1)", "(c.rows.lengths > 0)"),
    "burn-in of 10 norms": ("asymptotics", "BURN_IN_PATH = 20.0", "BURN_IN_PATH = 10.0"),
}  # fmt: skip
"""Wrong transcriptions of the theorems: file, what it says, what it says instead."""


def named(root: Path) -> list[Mutant]:
    """The wrong transcriptions.  Raises ValueError for one that finds no place, or several."""
    found = []
    for name, (file, right, wrong) in NAMED.items():
        path = f"ntp_dynamics/studies/next_token/theory/{file}.py"
        source = (root / path).read_text()
        if source.count(right) != 1:
            raise ValueError(f"{name}: {right!r} stands {source.count(right)} times in {path}")
        found.append(Mutant(name, path, source.replace(right, wrong)))
    return found


def drawn(root: Path, area: Area) -> list[Mutant]:
    """A sample, the same for the same sources: of each file in proportion, two at least."""
    every = {file: list(mutants(file, (root / file).read_text())) for file in area.tests}
    share = area.size / sum(map(len, every.values()))
    return [m for found in every.values() for m in _sample(found, share)]


def _sample(found: Sequence[Mutant], share: float) -> list[Mutant]:
    """By a digest of their names: what is chosen hardly changes when others come or go."""
    size = min(len(found), max(2, round(share * len(found))))
    chosen = {m.id for m in sorted(found, key=_digest)[:size]}
    return [m for m in found if m.id in chosen]


def _digest(mutant: Mutant) -> str:
    return hashlib.sha256(mutant.id.encode()).hexdigest()
