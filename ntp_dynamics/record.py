"""Reading what jobs and sweeps left behind."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yaml import YAMLError

from ntp_dynamics.config import Config, from_yaml
from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.lab.errors import UserError, short
from ntp_dynamics.lab.label import Label
from ntp_dynamics.lab.laws_file import LAWS
from ntp_dynamics.lab.multiplicity import adjust
from ntp_dynamics.lab.store import (
    MANIFEST,
    STATUS,
    TRAJECTORY,
    VERDICTS,
    read_json,
    state_of,
    verify,
)
from ntp_dynamics.lab.trees import read_tree
from ntp_dynamics.lab.verdict import FORMAT
from ntp_dynamics.lab.written import Written, read_down

if TYPE_CHECKING:
    import pandas
    import xarray

    from ntp_dynamics.theory.constants import Constants


@dataclass(frozen=True, repr=False)
class Record:
    """One job: its configuration, corpora, trajectory and verdicts (empty if it did not finish)."""

    path: Path
    config: Config
    corpora: list[Corpus]
    trajectory: xarray.DataTree
    verdicts: list[dict[str, Any]]
    rules: int = FORMAT
    """The rules it was judged by: the format of verdicts.json (`lab.verdict.FORMAT`)."""

    def __repr__(self) -> str:
        stages = ", ".join(name for name in self.trajectory.children if name != "targets")
        return (
            f"Record({str(self.path)!r}: {self.config.runs} runs of {self.config.name!r}, {stages})"
        )

    def stage(self, name: str) -> xarray.Dataset:
        """What was recorded of one stage.  Raises KeyError for a stage that was not trained."""
        return self.trajectory.children[name].dataset

    @property
    def status(self) -> dict[str, Any]:
        return read_json(self.path / STATUS)

    @cached_property
    def constants(self) -> Constants:
        """What the claims are made of, computed anew from the corpora and the configuration: to
        judge again.  What was judged is in `laws`."""
        from ntp_dynamics.data.draw import draw_embeddings, streams
        from ntp_dynamics.data.realizable import recognise
        from ntp_dynamics.observe.judgement import recorded_for_laws
        from ntp_dynamics.theory.constants import make_constants
        from ntp_dynamics.theory.targets import solve

        found = [recognise(corpus) for corpus in self.corpora]
        embeddings = draw_embeddings(self.config, streams(self.config), self.corpora[0])
        targets = solve(self.corpora, found, embeddings)
        observed = recorded_for_laws(self.trajectory)
        return make_constants(self.config, self.corpora, found, embeddings, targets, observed)

    @cached_property
    def laws(self) -> list[Written]:
        """The laws as they were judged, read from the record; none of a record that wrote none.

        Raises UserError where they are damaged.
        """
        curved = self.path / LAWS
        with _damage_in_one_line(self.path):
            tree = read_tree(curved) if self.verdicts and curved.exists() else None
            read = (read_down(claim, self.config.runs, tree) for claim in self.verdicts)
            return [law for law in read if law is not None]

    @property
    def final_gap(self) -> float:
        """Final direction gap of the attention layer, median over runs; nan without one."""
        if "attention" not in self.trajectory:
            return float("nan")
        gap = self.stage("attention")["direction_gap_kq"].values[:, -1]
        return float(statistics.median(gap))


def load_run(directory: str | Path) -> Record:
    """Open a record.  A sealed one is checked against its manifest first.

    Raises UserError where there is none or a file is damaged.
    """
    path = Path(directory)
    read_json(path / STATUS)
    with _damage_in_one_line(path):
        manifest = (path / MANIFEST).exists() or state_of(path) == "done"
        sealed = manifest and verify(path)
        found = read_json(path / VERDICTS) if sealed else {"format": FORMAT, "claims": []}
        return Record(
            path=path,
            config=(config := _config(path)),
            corpora=[_corpus(path, run) for run in range(config.runs)],
            trajectory=read_tree(path / TRAJECTORY),
            verdicts=found["claims"],
            rules=int(found.get("format", 1)),
        )


def read_back(path: Path, runs: Iterable[int]) -> None:
    """Read the inputs of a record as `load_run` will, the corpora of these runs.  Raises
    UserError."""
    with _damage_in_one_line(path):
        _config(path)
        for run in runs:
            _corpus(path, run)


DAMAGE = (
    LookupError, TypeError, AttributeError, ValueError, ArithmeticError, OSError, YAMLError,
)  # fmt: skip
"""What reading a file raises that no job has written."""


@contextmanager
def _damage_in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        what = f"it cannot be read ({short(reason)})"
        raise UserError(str(path), what, "the record is damaged; run the job again") from error


def _config(path: Path) -> Config:
    return from_yaml((path / "config.yaml").read_text(encoding="utf-8"))


def _corpus(path: Path, run: int) -> Corpus:
    return Corpus.read(path / f"corpora/{run:03d}.jsonl")


def status_files(sweep: Path) -> list[Path]:
    """The status file of every job below a directory, jobs in numerical order."""

    def order(path: Path) -> list[tuple[int, str]]:
        return [(int(x), "") if x.isdecimal() else (-1, x) for x in path.parts]

    return sorted(sweep.rglob(STATUS), key=order)


def read_status(path: Path) -> dict[str, Any]:
    """The status of a job; one that cannot be read is `unreadable` and hides no other, one that is
    done without a manifest is not done."""
    try:
        status = read_json(path)
        found = {"overrides": [], "state": "unreadable", "reason": None, **status}
        if found["state"] == "done" and not (path.parent / MANIFEST).exists():
            found |= {"state": "unreadable", "reason": f"its {MANIFEST} is missing"}
    except (UserError, TypeError) as error:
        found = {"overrides": [], "state": "unreadable", "reason": str(error)}
    for name in ("final", "labels", "p_contradicted", "runs"):  # a job that was cut short has none
        found[name] = value if isinstance(value := found.get(name), dict) else {}
    return found


def load_sweep(directory: str | Path) -> pandas.DataFrame:
    """One row a job: overrides, state, seconds, final observables, path, and for each claim its
    label and how many of the judged runs keep it.

    Overrides are typed: a column of numbers is one, null is None, a mixed column holds objects; nan
    where a job does not set the key.  Reads only the status files.  Contradictions are corrected
    for the number of jobs (Holm, 5 %).  Raises UserError where there is no record below.
    """
    import pandas

    paths = status_files(Path(directory))
    if not paths:
        raise UserError(str(directory), "it holds no record", "give the directory of a sweep")
    statuses = [read_status(path) for path in paths]
    labels = adjusted_labels(statuses)
    settings = [typed_overrides(status["overrides"]) for status in statuses]
    table = pandas.DataFrame(
        [
            {
                **settings[i],
                "status": status["state"],
                "reason": status["reason"],
                "seconds": status.get("seconds"),
                **status["final"],
                **labels[i],
                **run_counts(status),
                "path": str(path.parent),
            }
            for i, (path, status) in enumerate(zip(paths, statuses, strict=True))
        ]
    )
    for key in dict.fromkeys(key for row in settings for key in row):
        given = [row.get(key, float("nan")) for row in settings]  # a column of numbers stays one
        if any(value is None for value in given):  # which pandas would make nan
            table[key] = pandas.Series(given, dtype=object)
    return table


def typed_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Keys and values of overrides as Hydra reads them: numbers, booleans, lists, null as None; a
    text where they are none of these.  A deleted key has none."""
    return dict(_typed(override) for override in overrides if not override.startswith("~"))


@cache
def _typed(override: str) -> tuple[str, Any]:
    from hydra.errors import HydraException

    from ntp_dynamics.lab.arguments import parsed, plain

    key, _, text = override.lstrip("+").partition("=")
    try:
        return key, plain(parsed(override).value())
    except HydraException:
        return key, text


def run_counts(status: Mapping[str, Any]) -> dict[str, int]:
    """Of each claim how many of the judged runs of a job keep it, as columns."""
    return {
        f"{claim}.{name}": int(runs[name])
        for claim, runs in status["runs"].items()
        for name in ("kept", "judged")
    }


def adjusted_labels(statuses: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The labels of each job; a contradiction that Holm's procedure does not confirm over the whole
    sweep becomes inconclusive."""
    labels = [dict(status.get("labels", {})) for status in statuses]
    cells = [(i, claim) for i, row in enumerate(labels) for claim in row]
    p = [statuses[i].get("p_contradicted", {}).get(claim) for i, claim in cells]
    verdicts = [
        {"label": labels[i][claim], "p_contradicted": value}
        for (i, claim), value in zip(cells, p, strict=True)
    ]
    for (i, claim), kept in zip(cells, adjust(verdicts).contradicted, strict=True):
        if labels[i][claim] == Label.contradicted and not kept:
            labels[i][claim] = Label.inconclusive.value
    return labels
