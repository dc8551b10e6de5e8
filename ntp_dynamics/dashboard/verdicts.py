"""Verdicts as cards: the word, the sentence, the numbers, the window, the source."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.record.plain import text
from ntp_dynamics.record.written import claim_key
from ntp_dynamics.verdict.label import Label, Seen, marks
from ntp_dynamics.verdict.wording import factor, kept_of


def cards(verdicts: Sequence[Any], corrected: Mapping[str, str]) -> list[dict[str, Any]]:
    """A card a verdict; ``corrected`` labels are those after Holm's correction for the sweep."""
    return [_card(v, corrected) for v in verdicts if isinstance(v, Mapping)]


def headline(found: Sequence[Mapping[str, Any]], verdicts: Sequence[Any]) -> str:
    """The verdicts on the paper's claims in one sentence; where none applies, the first reasons."""
    proved = [Label(card["label"]) for card in found if card["kind"] == "proved"]
    if not proved:
        return ""
    if set(proved) == {Label.does_not_apply}:
        why = Counter(reason for v in verdicts for reason in _excluded(v))
        reasons = " and ".join(reason for reason, _ in why.most_common(2))
        return f"The paper's theorem does not apply here: {reasons or 'its hypotheses fail'}"
    good = sum(label.good for label in proved)
    others = Counter(label for label in proved if not label.good)
    verb = {Label.does_not_apply: ("does not apply", "do not apply")}
    named = []
    for label, n in others.items():
        one, many = verb.get(label, (f"is {label}", f"are {label}"))
        named.append(f"{n} {one if n == 1 else many}")
    said = ", ".join([f"{good} of {len(proved)} statements of the paper hold here", *named])
    return said if others[Label.contradicted] else f"{said}; none is contradicted"


def _excluded(v: Any) -> list[str]:
    """Why runs were left out of the verdict on a statement of the paper."""
    if not isinstance(v, Mapping) or v.get("kind") != "proved":
        return []
    pairs = v.get("excluded")
    return [text(p[0]) for p in pairs if isinstance(p, list) and p] if pairs else []


def tally(claims: Sequence[str], jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Of each claim how many jobs have which label, and what is observed in those that it does not
    cover: where the theorem holds in a sweep."""
    counts = {claim: Counter(filter(None, (j.mark(claim) for j in jobs))) for claim in claims}
    order = marks()
    return [{"claim": c, "labels": {m: n[m] for m in order if n[m]}} for c, n in counts.items()]


def _card(v: Mapping[str, Any], corrected: Mapping[str, str]) -> dict[str, Any]:
    label = Label.known(v.get("label")) or Label.invalid
    identity, version = text(v.get("id", "?")), text(v.get("version", ""))
    softened = label is Label.contradicted and corrected.get(identity) not in (None, label)
    window, shadow = v.get("window"), _mapping(v.get("shadow"))
    seen = _mapping(v.get("observed"))
    word = Seen.known(seen.get("word"))
    if word is not None and not _pair(window):
        window = seen.get("window")
    return {
        "key": claim_key(identity, version),
        "id": identity,
        "version": version,
        "label": str(label),
        "kind": "proved" if v.get("kind") == "proved" else "derived",
        "source": text(v.get("source", "")),
        "statement": _long(v.get("statement", "")),
        "sentence": _long(v.get("sentence", "")),
        "summary": _long(v.get("summary", "")),
        "note": f"{corrected[identity]} after Holm's correction for the sweep" if softened else "",
        "seen": "" if word is None else word.mark,
        "shadow": f"Shadow ({text(shadow.get('engine', ''))}): {text(shadow.get('label', ''))}; "
        f"{_long(shadow.get('summary', ''))}"
        if shadow
        else "",
        "panel": f"{text(v.get('stage', ''))}/{text(v.get('observable', ''))}",
        "window": window if _pair(window) else None,
        "trusted": v.get("horizon") if v.get("gate") == "invalid" else None,
        "numbers": [[name, said] for name, said in _numbers(v) if said],
    }


def _numbers(v: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was measured, in the form people read."""
    window = v.get("window")
    pair = window if isinstance(window, Sequence) and _pair(window) else None
    interval = v.get("interval")
    low, high = interval if isinstance(interval, Sequence) and _pair(interval) else (None, None)
    slack, p = v.get("slack"), v.get("p_contradicted")
    return [
        ("law", text(v.get("law") or "")),
        ("measured exponent or rate", _plain(v.get("exponent"))),
        (
            "range over runs" if v.get("descriptive") else "95 % interval",
            f"{_plain(low)} to {_plain(high)}" if low is not None else "",
        ),
        ("measured over steps", f"{pair[0]:,} to {pair[1]:,}" if pair else ""),
        ("room to the bound", f"a factor {factor(slack)}" if _finite(slack) else ""),
        ("bound says nothing in", _percent(v.get("vacuity"))),
        ("smallest error that would show", _plain(v.get("resolvable"))),
        ("p of a contradiction", _plain(p)),
        ("runs that keep it", _kept(v) if v.get("gate") != "inapplicable" else ""),
        ("runs left out", _plain(_left_out(v))),
        ("runs undecided until step", _plain(v.get("decides_at"))),
        ("share that would not keep it, at most", _share(v.get("most_failing"))),
    ]


def _kept(v: Mapping[str, Any]) -> str:
    told = kept_of(v.get("outcomes"), v.get("about"))
    return told or f"{v.get('runs_judged')} judged"[:40]


def _left_out(v: Mapping[str, Any]) -> int | None:
    outcomes = v.get("outcomes")
    return outcomes.count("left out") or None if isinstance(outcomes, list) else None


def _share(value: Any) -> str:
    return f"{100 * value:.2g} % (95 %)" if _finite(value) else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _long(value: Any) -> str:
    return text(value, 1200)


def _plain(value: Any) -> str:
    return f"{value:.4g}" if _finite(value) else ""


def _percent(value: Any) -> str:
    return f"{100 * value:.3g} % of log-time" if _finite(value) and value > 0 else ""


def _finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)


def _pair(value: Any) -> bool:
    return isinstance(value, Sequence) and len(value) == 2 and all(map(_finite, value))
