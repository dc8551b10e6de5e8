"""A claim page: one HTML file that opens from a disk, without a network.

It loads nothing and runs one script, which the page names by its hash; without it everything but
the values under the pointer is there.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ntp_dynamics import __version__
from ntp_dynamics.judging.pages.data import csv_of, json_of, shown
from ntp_dynamics.judging.pages.facts import Facts, facts
from ntp_dynamics.judging.pages.sections import badge, in_html, pairs, settle, table
from ntp_dynamics.judging.pages.vector import inline
from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.system.errors import UserError

if TYPE_CHECKING:
    from ntp_dynamics.judging.judged import Judged

HERE = Path(__file__).parent
SIZES = {"wide": (8.2, 5.2), "narrow": (4.3, 5.4)}
"""Inches of the figure on a screen, and on that of a phone."""


def page(*judged: Judged) -> str:
    """The page of some judgements: one HTML document."""
    told = [(facts(one), one) for one in judged]
    title = told[0][0].title if len(told) == 1 else f"{len(told)} claims"
    alone = len(told) == 1
    parts = [] if alone else [_contents([fact for fact, _ in told])]
    level = "h1" if alone else "h2"
    parts += [_claim(number, level, fact, one) for number, (fact, one) in enumerate(told, 1)]
    script = (HERE / "page.js").read_text(encoding="utf-8")
    style = (HERE / "page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src 'sha256-{_hash(script)}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    body = "\n".join(parts)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{in_html(title)}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
<footer>Written by ntp-judge, ntp-dynamics {in_html(__version__)}. This file loads nothing: curves,
numbers and JSON are in it.</footer>
<script>{script}</script>
</body>
</html>
"""


def save(path: Path, *judged: Judged) -> None:
    """Write the page.  Raises UserError where it cannot be written."""
    body = page(*judged)
    try:
        write_atomically(path, lambda part: part.write_text(body, encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise UserError(str(path), reason, "choose another file") from error


def drawing(judged: Judged, prefix: str) -> str:
    """The figure as a piece of HTML that stands in a frame of its own."""
    style = (HERE / "page.css").read_text(encoding="utf-8")
    inside = inline(judged, SIZES["wide"], prefix)
    return f"<style>{style}</style><div class=drawing>{inside}</div>"


def _contents(told: Sequence[Facts]) -> str:
    """A table of all claims of a page."""
    rows = "".join(
        f"<tr><td>{badge(fact)}</td>"
        f'<td class=name><a href="#claim-{number}">{in_html(fact.title)}</a></td>'
        f"<td><code>{in_html(fact.law)}</code></td><td class=few>{in_html(fact.kept)}</td></tr>"
        for number, fact in enumerate(told, 1)
    )
    head = "<tr><th>verdict</th><th>claim</th><th>law</th><th class=few>runs kept</th></tr>"
    return (
        f"<h1>{len(told)} claims</h1><div class=scroll tabindex=0>"
        f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )


def _claim(number: int, level: str, fact: Facts, judged: Judged) -> str:
    source = f"<p class=source>{in_html(fact.source)}</p>" if fact.source else ""
    law = "" if fact.title == fact.law else f"<p class=law><code>{in_html(fact.law)}</code></p>"
    parts = [
        f'<article id="claim-{number}" aria-labelledby="title-{number}">',
        "<header>"
        f'<{level} id="title-{number}">{in_html(fact.title)}</{level}>{badge(fact)}</header>',
        f"{law}{source}",
        f"<p class=sentence>{in_html(fact.sentence)}</p>",
        settle(fact),
        _figure(number, fact, judged),
        "<div class=two>",
        pairs("Numbers", fact.numbers),
        pairs("Beside the law", fact.declared or (("nothing was declared", ""),)),
        "</div>",
        table(fact),
        _files(number, fact, judged),
        "</article>",
    ]
    return "\n".join(part for part in parts if part)


def _figure(number: int, fact: Facts, judged: Judged) -> str:
    """The figure in both widths; to who cannot see it, its sentence."""
    drawings = "".join(
        f"<div class={name}>{inline(judged, size, f'{name[0]}{number}-')}</div>"
        for name, size in SIZES.items()
    )
    alt = f"{fact.read}. {fact.sentence}"
    return (
        f'<figure><div class=drawing role=img aria-label="{in_html(alt)}">{drawings}</div>'
        "<p class=reading aria-hidden=true>&nbsp;</p>"
        f"<figcaption>{in_html(fact.read)}. {in_html(_how_to_read(judged))}</figcaption></figure>"
    )


def _how_to_read(judged: Judged) -> str:
    """The lower panel in a sentence."""
    made = judged.made
    if made.law.form == "monotone":
        return ""
    if made.law.form in ("equals", "limit"):
        return "Below: y divided by the stated value; the band is what the tolerance allows."
    if made.law.form == "linear_growth":
        return "Below: y / t, which is flat where y grows linearly."
    against = "rising is against the law" if made.side == "upper" else "falling is against the law"
    ahead = "falling is faster" if made.side == "upper" else "rising is more than was claimed"
    return f"Below: y divided by the law; flat is as the law says, {ahead}, {against}."


def _files(number: int, fact: Facts, judged: Judged) -> str:
    """The data, and how to judge it again."""
    curve = shown(judged.curve)
    link = f"data:text/csv;charset=utf-8;base64,{_base64(csv_of(curve).encode())}"
    left_out = curve.notes[len(judged.curve.notes) :]
    notes = "".join(f"<li>{in_html(said)}</li>" for said in (*fact.notes, *left_out))
    record = json_of(judged, curve)
    return (
        "<section><h3>Again, and further</h3>"
        f"<pre><code>{in_html(fact.command)}</code></pre>"
        f'<p class=files><a href="{link}" download="curve-{number}.csv">the curves as CSV</a>'
        f'<a hidden class=json data-of="data-{number}" download="judgement-{number}.json">'
        "the judgement as JSON</a></p>"
        + (f"<ul class=notes>{notes}</ul>" if notes else "")
        + f'<script type="application/json" id="data-{number}">{record}</script></section>'
    )


def _base64(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _hash(script: str) -> str:
    """What a Content-Security-Policy calls a script by."""
    return _base64(hashlib.sha256(script.encode()).digest())
