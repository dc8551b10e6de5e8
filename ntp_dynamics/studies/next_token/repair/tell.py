"""A realizable part in words, as plain data, and its dropped samples as lines of a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ntp_dynamics.studies.next_token.repair.dropped import Cause, to_json
from ntp_dynamics.studies.next_token.repair.part import Part
from ntp_dynamics.studies.next_token.repair.terms import Choice

MEANING = {
    Cause.TWO_CONTINUATIONS: "another continuation of the token is kept",
    Cause.MISSING_COLLOCATION: "no continuation is left for a token",
    Cause.UNREACHABLE_LABEL: "no token is continued by the label",
    Cause.MAJORITY: "a token that is not optimal has the most copies",
    Cause.CYCLE: "kept samples order its tokens the other way round",
    Cause.CONFUSED: "a kept sample has one of its tokens the other way round",
}


def told(part: Part) -> str:
    """A table for a person: what is kept, what is dropped and why, how near the best that is."""
    whole, kept = part.whole, int(part.mask.sum())
    lines = [
        f"Realizable part{_asked(part)}: {kept:,} of {whole.size:,} samples, "
        f"{_percent(part, part.weight)} of the weight"
    ]
    for cause, samples in part.dropped.causes().items():
        weight = _percent(part, float(whole.weight[samples].sum()))
        lines.append(f"  {cause:<20}{len(samples):>9,}{weight:>9}  {MEANING[cause]}")
    greedy, searched = _percent(part, part.greedy), _percent(part, part.search)
    lines.append(f"  greedy {greedy}, with local search {searched}; {_best(part)}")
    lines.append(f"  this n reaches {_percent(part, part.reach)}")
    if len(part.declared):
        attested = int(part.attested.sum())
        lines.append(
            f"  samples [x] -> n(x) that were added: {len(part.declared):,} "
            f"({attested:,} attested, {len(part.declared) - attested:,} declared)"
        )
    if part.kept.terms.assumption1 and part.unstated:
        lines.append(
            f"  tokens of the vocabulary without n(x): {part.unstated:,}; what is claimed under "
            "Assumption 1 asks for it of each"
        )
    return "\n".join(lines)


def plain(part: Part) -> dict[str, Any]:
    """The same as plain data; weights as shares of all weight."""
    total = float(part.whole.weight.sum())
    causes = part.dropped.causes().items()
    return {
        "samples": int(part.mask.sum()),
        "weight": part.weight / total,
        "greedy": part.greedy / total,
        "local_search": part.search / total,
        "reach": part.reach / total,
        "bound": part.bound / total,
        "proved": part.proved,
        "assumption1": part.kept.terms.assumption1,
        "assumption3": part.kept.terms.assumption3,
        "collocation": str(part.kept.terms.collocation),
        "added": len(part.declared),
        "added_attested": int(part.attested.sum()),
        "unstated": part.unstated,
        "dropped": {
            str(cause): {
                "samples": len(samples),
                "weight": float(part.whole.weight[samples].sum()) / total,
            }
            for cause, samples in causes
        },
    }


def dropped_lines(part: Part) -> Iterator[str]:
    """A JSON line a dropped sample, with what shows that it cannot be kept."""
    for cause, samples in part.dropped.causes().items():
        ordered = samples[part.whole.rows.last[samples].argsort(kind="stable")]
        for sample in ordered.tolist():
            evidence = part.dropped.evidence(cause, sample)
            yield json.dumps(to_json(part.kept, evidence), ensure_ascii=False)


def _asked(part: Part) -> str:
    terms = part.kept.terms
    asked = ["assumption 1"] * terms.assumption1 + ["assumption 3"] * terms.assumption3
    asked += ["attested continuations"] * (terms.collocation is Choice.attested)
    return f" ({', '.join(asked)})" if asked else ""


def _best(part: Part) -> str:
    program = f"by integer programming {_percent(part, part.weight)}; "
    bound = f"no part has more than {_percent(part, part.bound)}"
    best = "no part is larger (proved)" if part.proved else bound
    return program * (part.weight > part.search) + best


def _percent(part: Part, weight: float) -> str:
    return f"{weight / part.whole.weight.sum():.2%}"
