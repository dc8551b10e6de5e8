"""Pieces of a claim page in HTML, made of what is told in plain text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape

from ntp_dynamics.judging.pages.facts import Facts, Run


def in_html(value: str) -> str:
    """Text between tags or in an attribute with quotes."""
    return escape(str(value), quote=True)


def badge(fact: Facts) -> str:
    """The verdict's word in its colours."""
    label = fact.label
    style = f"background:{label.colour};color:{label.ink}"
    return f'<span class=badge style="{style}">{in_html(label)}</span>'


def settle(fact: Facts) -> str:
    """What would settle an open question, or what an answer rests on."""
    if not fact.settle:
        return ""
    title = "What would settle it" if fact.answer == "undecided" else "What it rests on"
    said = fact.settle[:1].upper() + fact.settle[1:]
    return f"<section class=settle><h3>{title}</h3><p>{in_html(said)}.</p></section>"


def pairs(title: str, given: Iterable[tuple[str, str]]) -> str:
    """What and how much, under a title of our own."""
    rows = "".join(f"<dt>{in_html(name)}</dt><dd>{in_html(value)}</dd>" for name, value in given)
    return f"<section><h3>{title}</h3><dl>{rows}</dl></section>"


def table(fact: Facts) -> str:
    """All runs, those that fail first; columns that say nothing are left out."""
    runs = sorted(fact.runs, key=lambda run: not run.fails)
    columns = [
        (fact.exponent_name, [run.exponent for run in runs]),
        ("constant needed", [run.needs for run in runs]),
        ("factor to spare", [run.spare for run in runs]),
        ("drift", [run.drift for run in runs]),
    ]
    columns = [(name, values) for name, values in columns if any(values)]
    heads = "".join(f"<th class=n scope=col>{in_html(name)}</th>" for name, _ in columns)
    rows = "".join(
        _row(run, [values[place] for _, values in columns]) for place, run in enumerate(runs)
    )
    first = "<th class=n scope=col>run</th><th scope=col>name</th><th scope=col>outcome</th>"
    head = f"<tr>{first}{heads}</tr>"
    return (
        "<section><h3>Runs</h3><div class=scroll tabindex=0>"
        f"<table><thead>{head}</thead>"
        f"<tbody>{rows}</tbody></table></div>{_key(dict(columns))}</section>"
    )


def _key(columns: Collection[str]) -> str:
    """What the less usual columns say."""
    if "drift" not in columns:
        return ""
    said = "how far the last window moves against the law, in units of what is allowed"
    return f"<p class=key>drift: {said}; above 1 counts against the run.</p>"


def _row(run: Run, numbers: Sequence[str]) -> str:
    cells = "".join(f"<td class=n>{in_html(value)}</td>" for value in numbers)
    kind = " class=fails" if run.fails else ""
    return (
        f"<tr{kind}><td class=n>{run.number}</td><td class=name>{in_html(run.name)}</td>"
        f"<td>{in_html(run.outcome)}</td>{cells}</tr>"
    )
