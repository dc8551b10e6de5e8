"""What a finished job or sweep says on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from ntp_dynamics import studies
from ntp_dynamics.config.tracking import Tracking, is_on
from ntp_dynamics.record.plan import short_name
from ntp_dynamics.record.record import Record
from ntp_dynamics.record.sweep import jobs_of, told_states
from ntp_dynamics.report.tables import OBSERVED, Row, verdict_table
from ntp_dynamics.system.errors import UserError, escaped
from ntp_dynamics.track.tracker import tracking_directory
from ntp_dynamics.verdict.label import Label, Seen
from ntp_dynamics.verdict.wording import kept_of, uncovered

FOLDED = 3
"""So many claims that do not apply for one reason, and show nothing, are told in one line."""
FEW = 12
"""Jobs of a sweep that are told one by one."""


def show(record: Record, console: Console) -> None:
    """The verdict table of a job, where its record is, and how to look at it."""
    verdicts(record.verdicts, console)
    for note in record.status.get("notes", []):
        line(console, f"note     {note}")
    here = nearby(record.path)
    line(console, f"record   {here}")
    figures = sorted((record.path / "figures").glob("*.png"))
    for figure in figures if len(figures) < 4 else [record.path / "figures"]:
        line(console, f"figures  {nearby(figure)}")
    line(console, f"browser  ntp-dashboard {here}")
    line(console, f"python   ntp_dynamics.load_run('{here}').trajectory")
    show_tracking(record.config.tracking, console)


def verdicts(claims: Sequence[Mapping[str, Any]], console: Console) -> None:
    """The table of claims, as verdicts.json holds them."""
    versions = Counter(claim["id"] for claim in claims)
    rows = []
    for v in claims:
        name = f"{v['id']} ({v['version']})" if versions[v["id"]] > 1 else v["id"]
        kept, seen = kept_of(v.get("outcomes"), v.get("about")), v.get("observed")
        found = "; ".join(x for x in (v["summary"], uncovered(v.get("outcomes"))) if x)
        rows.append(Row(name, v["label"], kept, found, v["beyond"] if seen else ""))
        if shadow := v.get("shadow"):
            kept = kept_of(shadow["outcomes"], v.get("about"))
            rows.append(Row("  shadow", shadow["label"], kept, shadow["summary"], shadow=True))
    console.print()
    verdict_table(console, folded(rows))
    console.print()


def folded(rows: Sequence[Row]) -> list[Row]:
    """Claims of which nothing is told but one reason, in one row where they are several."""
    alike: dict[str, list[Row]] = {}
    for row in filter(_is_bare, rows):
        alike.setdefault(row.found, []).append(row)
    shown = []
    for row in rows:
        others = alike.get(row.found, []) if _is_bare(row) else []
        if len(others) < FOLDED:
            shown.append(row)
        elif row is others[0]:
            names = ", ".join(other.claim for other in others)
            found = f"{row.found}: {names}"
            shown.append(Row(f"{len(others)} claims", row.label, row.runs, found))
    return shown


def _is_bare(row: Row) -> bool:
    """Whether the claim does not apply, and nothing else is told (earlier records told it with the
    reason)."""
    observed = row.observed or OBSERVED in row.found
    return row.label == Label.does_not_apply and not observed


def summarise(sweep: Path, jobs: int, console: Console, overview: bool) -> int:
    """How many jobs are done, one line a job that did not finish, counts of verdicts, where the
    sweep is; an overview drawn if asked for.  Returns how many of the jobs are not done."""
    found = jobs_of(sweep)
    states, done = found.statuses, found.states["done"]
    console.print()
    line(console, told_states(found.states))
    unfinished(states, console)
    if done < jobs:
        line(console, f"go on    ntp-resume {nearby(sweep)}")
    verdict_map(states.values(), console)
    observations(states, console)
    if overview:
        from ntp_dynamics.draw.job import draw_sweep

        for path in draw_sweep(list(states.values()), sweep / "overview")[:1]:
            line(console, f"figures  {nearby(path)}")
    here = nearby(sweep)
    line(console, f"records  {here}")
    line(console, f"browser  ntp-dashboard {here}")
    line(console, f"python   ntp_dynamics.load_sweep('{here}')")
    return jobs - done


def unfinished(states: Mapping[Path, Mapping[str, Any]], console: Console) -> None:
    """A line for every job that has begun and is not done, with what tells it from the others."""
    for place, (asked, status) in told_apart(states).items():
        if status["state"] not in ("done", "planned"):
            what = f"{status['state']}: {status['reason']}" if status["reason"] else status["state"]
            line(console, f"  {short_name(place.name)}: {what}  {asked}".rstrip())


def told_apart(
    states: Mapping[Path, Mapping[str, Any]],
) -> dict[Path, tuple[str, Mapping[str, Any]]]:
    """Of each job the overrides that not all have, and its status."""
    given = [set(status["overrides"]) for status in states.values() if status["overrides"]]
    common = set.intersection(*given) if len(given) > 1 else set()
    return {
        place: (" ".join(o for o in status["overrides"] if o not in common), status)
        for place, status in states.items()
    }


def verdict_map(statuses: Iterable[Mapping[str, Any]], console: Console) -> None:
    """A line a claim: how many jobs have which label; then, apart, how many show what beyond its
    hypotheses, and in their shadows."""
    rows: dict[str, Counter[str]] = {}
    seen: dict[str, Counter[str]] = {}
    shadows: dict[str, Counter[str]] = {}
    for status in statuses:
        for claim, label in status.get("labels", {}).items():
            rows.setdefault(claim, Counter())[label] += 1
        for claim, told in status.get("observed", {}).items():
            seen.setdefault(claim, Counter())[told["word"]] += 1
        for claim, told in status.get("shadow", {}).items():
            shadows.setdefault(claim, Counter())[told["label"]] += 1
    alike: dict[str, list[str]] = {}
    for claim, labels in rows.items():
        said = [_counts(labels)]
        if claim in seen:
            said.append(f"{OBSERVED}: {_counts(seen[claim])}")
        if claim in shadows:
            said.append(f"their shadows: {_counts(shadows[claim])}")
        if set(labels) == {Label.does_not_apply} and claim not in seen:
            alike.setdefault(said[0], []).append(claim)
        else:
            line(console, f"  {claim:<22} {'; '.join(said)}")
    for said, claims in alike.items():
        for some in [claims] if len(claims) >= FOLDED else [[claim] for claim in claims]:
            line(console, f"  {', '.join(some):<22} {said}")


def observations(states: Mapping[Path, Mapping[str, Any]], console: Console) -> None:
    """What the jobs of a small sweep show of their main theorem beyond its hypotheses, a line a job
    and claim."""
    for place, (asked, status) in told_apart(states).items() if len(states) <= FEW else ():
        head = ""
        with suppress(UserError):  # of a record whose study is not here
            head = studies.find(str(status.get("study", studies.DEFAULT))).headline
        for claim, told in status.get("observed", {}).items():
            if head and claim.startswith(head):
                name = f"{short_name(place.name)}: {asked}".rstrip(": ")
                line(console, f"  {name}  {claim} {OBSERVED}: {told['said']}")


def _counts(words: Counter[str]) -> str:
    order = [*Seen, *words]
    return ", ".join(f"{w} {n}" for w, n in sorted(words.items(), key=lambda x: order.index(x[0])))


def show_tracking(settings: Tracking, console: Console) -> None:
    """How to look at the tracked runs, where there are any."""
    directory = tracking_directory()
    if is_on(settings) and directory.is_dir():
        line(console, f"wandb    wandb leet {nearby(directory)}")


def nearby(path: Path) -> Path:
    """A path relative to the working directory where it lies inside."""
    path = path.resolve()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def line(console: Console, text: str) -> None:
    """Print as it stands: no markup, no wrapping, so that paths can be copied."""
    console.print(escaped(text), markup=False, highlight=False, soft_wrap=True)
