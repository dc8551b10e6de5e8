"""R8: places where nothing can be written, that vanish, answer errors, or have odd names."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.torture.child import Child, Ended
from benchmarks.torture.experiment import Counts, Experiment, Workshop, one_line
from benchmarks.torture.jobs import TINY, TWO, composed, start, whole_job, whole_sweep
from benchmarks.torture.records import Bytes, Ledger, false_claims, record_bytes
from benchmarks.torture.shim import Count, Kind, Suffer, What
from ntp_dynamics.config.arguments import quoted
from ntp_dynamics.record.status import told

NOBODY = 65534
FILES = (
    "config.yaml",
    "corpora",
    "trajectory.nc",
    "verdicts.json",
    "MANIFEST",
    "status",
    "log.txt",
)
NAMES = {
    "255 bytes": "a" * 255,
    "256 bytes": "a" * 256,
    "5,000 bytes in all": "/".join(["b" * 250] * 20),
    "two bytes a letter, 256 bytes": "ä" * 128,
    "not UTF-8": os.fsdecode(b"caf\xe9"),
    "spaces": "a b  c ",
    "quotes": 'it\'s "so"',
    "commas and brackets": "a,b=[c],{d}",
    "a dollar and a brace": "${seed}",
    "a line end": "a\nb",
    "a dash first": "-m",
    "a dot": ".",
    "an escape": "a\x1b[31mb",
}
NO_NAME = {"256 bytes", "5,000 bytes in all", "two bytes a letter, 256 bytes"}
"""Which must be refused; of the others either is right, a whole record or one line."""


def run(workshop: Workshop) -> Counts:
    """Each kind of place, at each of its sites."""
    expected, every = whole_job(workshop, *TINY)[1], whole_sweep(workshop, *TWO)[1]
    cases = list(_cases(workshop, expected, every))
    return workshop.spread(lambda shop, case: case(shop), cases[:: workshop.size(1, 6)])


def _cases(
    workshop: Workshop, expected: Bytes, every: dict[str, Bytes]
) -> Iterator[Callable[[Workshop], Counts]]:
    for kind in (_read_only, _vanishes, _handles):
        for site in range(5):
            yield partial(kind, site=site, expected=expected)
    for number in (errno.EACCES, errno.EIO):
        for part in FILES:
            for kinds in (Kind.OPEN, Kind.WRITE, Kind.FSYNC, Kind.RENAME, Kind.READ):
                error = partial(_fails, number=number, part=part, kinds=kinds, expected=expected)
                if number == errno.EIO or kinds & (Kind.OPEN | Kind.RENAME | Kind.READ):
                    yield error
    for name in NAMES:
        yield partial(_named, name=name, expected=expected)
        yield partial(_named_sweep, name=name, expected=every)
    for site in range(3):
        yield partial(_loop, site=site, expected=expected)


def judged(kind: str, done: Ended, job: Path, expected: Bytes, must_fail: bool) -> Counts:
    """A whole record, or one line and none that says so."""
    counts = Counts()
    counts.tried[kind] += 1
    sealed = os.path.exists(job / "MANIFEST.json")
    if done.code == 0:
        counts.came_out["a whole record"] += 1
        if must_fail or not sealed or record_bytes(job) != expected:
            counts.faults.append(f"{kind}: exit 0, and the record is not whole")
        return counts
    counts.came_out["one line"] += 1
    if said := one_line(done.error_lines):
        counts.faults.append(f"{kind}: {said}")
    if os.path.exists(job / "status.json"):
        counts.faults += [f"{kind}: {said}" for said in false_claims(job, expected)]
        if told(job)["state"] == "running":
            counts.faults.append(f"{kind}: the status says running")
    return counts


def _read_only(workshop: Workshop, site: int, expected: Bytes) -> Counts:
    """Nobody may write: in the parent, the directory, `corpora`, on the log, on the claim."""
    place = workshop.fresh("place")
    open_to_all(place)
    if site:
        (place / "job").mkdir()
        if site == 2:
            (place / "job/corpora").mkdir(mode=0o555)
        if site > 2:
            (place / "job" / ("", "", "", "log.txt", "CLAIM")[site]).write_text("")
            (place / "job" / ("", "", "", "log.txt", "CLAIM")[site]).chmod(0o444)
        (place / "job").chmod(0o555 if site == 1 else 0o777)
    place.chmod(0o555 if site == 0 else 0o777)
    done = _as_nobody(workshop, place).wait()
    place.chmod(0o755)
    return judged("read-only", done, place / "job", expected, must_fail=True)


def open_to_all(place: Path) -> None:
    """Every folder above may be passed."""
    for folder in place.parents:
        if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & 0o005:
            folder.chmod(folder.stat().st_mode | 0o055)


def _as_nobody(workshop: Workshop, place: Path) -> Child:
    config = composed(TINY)

    def do() -> None:
        from ntp_dynamics.cli import mistakes_in_one_line
        from ntp_dynamics.launch.command import run_single

        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        with mistakes_in_one_line():
            run_single(config, Path("job"), list(TINY))

    return workshop.nursery.start(do, place)


def _vanishes(workshop: Workshop, site: int, expected: Bytes) -> Counts:
    """The directory is removed while the job runs: before one of its calls."""
    place, seen = workshop.fresh("counted"), Count()
    start(workshop, place, TINY, Suffer(place, seen=seen)).wait()
    place = workshop.fresh("place")
    suffer = Suffer(place, 4 + site * (seen.value - 8) // 4, What.STOP)
    child = start(workshop, place, TINY, suffer)
    if child.wait_until_stopped():
        shutil.rmtree(place / "job")
        child.send(18)
    done = child.wait()
    counts = judged("removed while it runs", done, place / "job", expected, must_fail=True)
    if (place / "job").exists():
        counts.faults.append("removed while it runs: the directory is there again")
    return counts


def _handles(workshop: Workshop, site: int, expected: Bytes) -> Counts:
    """Few handles are left: 0, 1, 2, 4, 8 more than are open."""
    place, config = workshop.fresh("place"), composed(TINY)

    def do() -> None:
        from ntp_dynamics.cli import mistakes_in_one_line
        from ntp_dynamics.launch.command import run_single

        most = len(os.listdir("/proc/self/fd")) - 1 + (0, 1, 2, 4, 8)[site]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        with mistakes_in_one_line():
            run_single(config, Path("job"), list(TINY))

    done = workshop.nursery.start(do, place).wait()
    return judged("few handles", done, place / "job", expected, must_fail=False)


def _fails(workshop: Workshop, number: int, part: str, kinds: Kind, expected: Bytes) -> Counts:
    """Every call of a kind on one file fails."""
    place = workshop.fresh("place")
    suffer = Suffer(place, 1, What.FAIL, to=-1, part=part, kinds=kinds, error=number)
    done = start(workshop, place, TINY, suffer).wait()
    kind = errno.errorcode[number]
    counts = judged(kind, done, place / "job", expected, must_fail=False)
    counts.faults = [f"{fault} ({kinds.name} of {part})" for fault in counts.faults]
    return counts


def _named(workshop: Workshop, name: str, expected: Bytes) -> Counts:
    """A job in a directory of an odd name."""
    place = workshop.fresh("place")
    directory = f"hydra.run.dir={quoted(NAMES[name])}"
    done = workshop.nursery.train([*TINY, directory], place).wait()
    return judged(f"name: {name}", done, place / NAMES[name], expected, name in NO_NAME)


def _named_sweep(workshop: Workshop, name: str, expected: dict[str, Bytes]) -> Counts:
    """A sweep in one, which then goes on."""
    place = workshop.fresh("place")
    counts = Counts()
    counts.tried[f"name: {name}"] += 1
    sweep = place / NAMES[name]
    done = workshop.nursery.train([*TWO, f"hydra.sweep.dir={quoted(NAMES[name])}"], place).wait()
    if done.code == 0:
        counts.came_out["a whole record"] += 1
        resumed = workshop.nursery.resume(f"./{NAMES[name]}", place).wait()
        if resumed.code or not Ledger.of(sweep, expected).sound:
            said = f"{Ledger.of(sweep, expected)}: {resumed.err[-200:]}"
            counts.faults.append(f"a sweep named {name}: {said}")
        return counts
    counts.came_out["one line"] += 1
    if said := one_line(done.error_lines):
        counts.faults.append(f"a sweep named {name}: {said}")
    return counts


def _loop(workshop: Workshop, site: int, expected: Bytes) -> Counts:
    """A link to itself as the directory, above it, and in the place of its status."""
    place = workshop.fresh("place")
    if site == 2:
        (place / "job").mkdir()
    link = place / ("job", "above", "job/status.json")[site]
    link.symlink_to(link.name)
    arguments = [*TINY, f"hydra.run.dir={'above/job' if site == 1 else 'job'}"]
    done = workshop.nursery.train(arguments, place).wait()
    return judged("a link to itself", done, place / "job", expected, must_fail=site < 2)


HOSTILE_PLACES = Experiment(
    "hostile_places",
    "R8",
    "read-only, removed while it runs, EACCES and EIO on one file, few handles, long and odd "
    "names, links to themselves",
    "a whole record, or one line and a status that does not say `done` or `running`",
    run,
)
