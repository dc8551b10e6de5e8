"""What a finished job or sweep says on the terminal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console

from ntp_dynamics.lab.tables import verdict_table
from ntp_dynamics.lab.tracking import Tracking, is_on, tracking_directory
from ntp_dynamics.record import Record, read_status, status_files


def show(record: Record, console: Console) -> None:
    """The verdict table of a job, where its record is, and how to look at it."""
    versions = Counter(verdict["id"] for verdict in record.verdicts)
    rows = [
        (
            f"{v['id']} ({v['version']})" if versions[v["id"]] > 1 else v["id"],
            v["label"],
            v["summary"],
        )
        for v in record.verdicts
    ]
    console.print()
    verdict_table(console, rows)
    console.print()
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


def summarise(sweep: Path, jobs: int, console: Console, overview: bool) -> int:
    """One line a job that did not finish, counts of verdicts, where the sweep is; an overview drawn
    if asked for.  Returns how many of the jobs are not done."""
    states = {path.parent: read_status(path) for path in status_files(sweep)}
    failed = {job: s for job, s in states.items() if s["state"] != "done"}
    done = len(states) - len(failed)
    console.print()
    line(console, f"{done} of {jobs} jobs done")
    for job, state in failed.items():
        line(console, f"  {job.name}: {state['state']}: {state['reason']}")
    labels = Counter(
        (claim, label) for s in states.values() for claim, label in s.get("labels", {}).items()
    )
    rows: dict[str, list[str]] = {}
    for (claim, label), count in labels.items():
        rows.setdefault(claim, []).append(f"{label} {count}")
    for claim, counts in rows.items():
        line(console, f"  {claim:<22} {', '.join(counts)}")
    if overview:
        from ntp_dynamics.figures import draw_sweep

        for path in draw_sweep(list(states.values()), sweep / "overview")[:1]:
            line(console, f"figures  {nearby(path)}")
    here = nearby(sweep)
    line(console, f"records  {here}")
    line(console, f"browser  ntp-dashboard {here}")
    line(console, f"python   ntp_dynamics.load_sweep('{here}')")
    return jobs - done


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
    console.print(text, markup=False, highlight=False, soft_wrap=True)
