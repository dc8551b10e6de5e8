"""Reading what a job left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yaml import YAMLError

from ntp_dynamics import studies
from ntp_dynamics.config.stored import from_yaml
from ntp_dynamics.record.laws import LAWS
from ntp_dynamics.record.over_runs import middle
from ntp_dynamics.record.plan import short_name
from ntp_dynamics.record.status import told
from ntp_dynamics.record.store import (
    MANIFEST,
    STATUS,
    TRAJECTORY,
    VERDICTS,
    read_json,
    state_of,
    verify,
)
from ntp_dynamics.record.trees import read_tree
from ntp_dynamics.study import Study
from ntp_dynamics.system.errors import UserError, short
from ntp_dynamics.verdict.label import Label
from ntp_dynamics.verdict.multiplicity import adjust
from ntp_dynamics.verdict.verdict import FORMAT

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.record.written import Written


@dataclass(frozen=True, repr=False)
class Record:
    """One job: its configuration, inputs, trajectory and verdicts (empty if it did not finish).

    The inputs of its study are attributes too: ``record.corpora``.
    """

    path: Path
    config: Any
    inputs: Mapping[str, Any]
    trajectory: xarray.DataTree
    verdicts: list[dict[str, Any]]
    rules: int = FORMAT
    """The rules it was judged by: the format of verdicts.json (`verdict.verdict.FORMAT`)."""

    def __repr__(self) -> str:
        phases = ", ".join(self.phases)
        return (
            f"Record({str(self.path)!r}: {self.config.runs} runs of {self.config.name!r}, {phases})"
        )

    def __getattr__(self, name: str) -> Any:
        inputs = self.__dict__.get("inputs", {})
        if name not in inputs:
            raise AttributeError(f"a record has no {name!r}")
        return inputs[name]

    @property
    def study(self) -> Study:
        """What it is about."""
        return studies.find(self.config.study)

    @property
    def phases(self) -> list[str]:
        """The groups of its trajectory that are phases, in order."""
        return [phase for phase in self.study.stages if phase in self.trajectory]

    def stage(self, name: str) -> xarray.Dataset:
        """What was recorded of one phase.  Raises KeyError for one that was not trained."""
        return self.trajectory.children[name].dataset

    @property
    def status(self) -> dict[str, Any]:
        return read_json(self.path / STATUS)

    @cached_property
    def constants(self) -> Any:
        """What the claims are made of, solved anew from the inputs and the configuration: to judge
        again.  What was judged is in `laws`."""
        known = self.study.known(self.config, self.inputs)
        return self.study.constants(known, self.trajectory)

    @cached_property
    def laws(self) -> list[Written]:
        """The laws as they were judged, read from the record; none of a record that wrote none.

        Raises UserError where they are damaged.
        """
        from ntp_dynamics.record.written import read_down  # takes the judge along

        curved = self.path / LAWS
        with damage_in_one_line(self.path):
            tree = read_tree(curved) if self.verdicts and curved.exists() else None
            read = (read_down(claim, self.config.runs, tree) for claim in self.verdicts)
            return [law for law in read if law is not None]

    @property
    def returned(self) -> float:
        """What a job tells a sweeper: the last value of one scalar, over its runs; nan if none."""
        phase, name = self.study.returns or ("", "")
        if phase not in self.trajectory or name not in self.stage(phase):
            return float("nan")
        scalar = self.stage(phase)[name]
        return middle(scalar.values[:, -1], scalar.attrs)


def load_run(directory: str | Path) -> Record:
    """Open a record.  A sealed one is checked against its manifest first.

    Raises UserError where there is none or a file is damaged.
    """
    path = Path(directory)
    read_json(path / STATUS)
    with damage_in_one_line(path):
        manifest = (path / MANIFEST).exists() or state_of(path) == "done"
        sealed = manifest and verify(path)
        found = read_json(path / VERDICTS) if sealed else {"format": FORMAT, "claims": []}
        config, inputs = read_back(path)
        return Record(
            path=path,
            config=config,
            inputs=inputs,
            trajectory=read_tree(path / TRAJECTORY),
            verdicts=found["claims"],
            rules=int(found.get("format", 1)),
        )


def read_back(path: Path) -> tuple[Any, Mapping[str, Any]]:
    """The configuration of a record and the inputs of its study, as they lie there.

    Raises UserError where they cannot be read.
    """
    with damage_in_one_line(path):
        config = from_yaml((path / "config.yaml").read_text(encoding="utf-8"))
        return config, studies.find(config.study).inputs(path, config)


DAMAGE = (
    LookupError, TypeError, AttributeError, ValueError, ArithmeticError, OSError, YAMLError,
)  # fmt: skip
"""What reading a file raises that no job has written."""


@contextmanager
def damage_in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        what = f"it cannot be read ({short(reason)})"
        raise UserError(str(path), what, "the record is damaged; run the job again") from error


def status_files(sweep: Path) -> list[Path]:
    """The status file of every job below a directory, jobs in numerical order."""

    def order(path: Path) -> list[tuple[int, str]]:
        names = zip(path.parts, map(short_name, path.parts), strict=True)
        return [(int(n), x) if n.isdecimal() else (-1, x) for x, n in names]

    return sorted(sweep.rglob(STATUS), key=order)


def read_status(path: Path) -> dict[str, Any]:
    """The status of a job, checked (`record.status`): one that cannot be read hides no other."""
    found = told(path.parent)
    for name in ("final", "labels", "p_contradicted", "runs"):  # a job that was cut short has none
        found[name] = value if isinstance(value := found.get(name), dict) else {}
    return found


def typed_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Keys and values of overrides as Hydra reads them: numbers, booleans, lists, null as None; a
    text where they are none of these.  A deleted key has none."""
    return dict(_typed(override) for override in overrides if not override.startswith("~"))


@cache
def _typed(override: str) -> tuple[str, Any]:
    from hydra.errors import HydraException

    from ntp_dynamics.config.arguments import as_python, parsed

    key, _, text = override.lstrip("+").partition("=")
    try:
        return key, as_python(parsed(override).value())
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
