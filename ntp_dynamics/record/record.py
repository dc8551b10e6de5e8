"""Reading what a job left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics import studies
from ntp_dynamics.record import apart
from ntp_dynamics.record.entries import (
    CERTIFICATES,
    STATUS,
    TRAJECTORY,
    VERDICTS,
    own_status,
    read_manifest,
)
from ntp_dynamics.record.laws import LAWS
from ntp_dynamics.record.opening import (
    damage_in_one_line,
    read_back,
    stand,
    vouched,
    while_it_moves,
)
from ntp_dynamics.record.over_runs import middles
from ntp_dynamics.record.plan import short_name
from ntp_dynamics.record.status import told
from ntp_dynamics.record.store import read_json
from ntp_dynamics.record.trees import Group, read_group, read_tree
from ntp_dynamics.study import Study
from ntp_dynamics.system.bounded import DAMAGED
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import attended
from ntp_dynamics.verdict.label import Label
from ntp_dynamics.verdict.multiplicity import adjust
from ntp_dynamics.verdict.proved import since_of
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
    sealed: bool = True
    """Whether its manifest vouches for it: the job is done."""
    state: str = "done"
    """What its status said when it was read, or *dead*."""
    vouched: bool = True
    """Whether manifest or status vouch for its bytes; not in unsealed ones of earlier versions."""

    def __repr__(self) -> str:
        phases = ", ".join(self.phases)
        said = "" if self.sealed else f"; {self.standing}"
        return (
            f"Record({str(self.path)!r}: {self.config.runs} runs of {self.config.name!r}, "
            f"{phases}{said})"
        )

    @property
    def standing(self) -> str:
        """Sealed, or how far it had come when it was read."""
        if self.sealed:
            return "sealed"
        said = f"unsealed: {self.state}"
        clocks = {outline.name: outline.clock for outline in self.study.outline(self.config)}
        for phase in self.phases[-1:]:
            reached = self.stage(phase).coords.get(clocks.get(phase, "step"))
            if reached is not None and reached.size:
                said += f" at {reached.name} {reached.values[-1]:g} of {phase}"
        return said if self.vouched else f"{said}; nothing vouches for its bytes"

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
        """As it lies there, checked.  Raises UserError."""
        return own_status(self.path)[0]

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
            entry = (read_manifest(self.path) or {}).get(LAWS) if self.verdicts else None
            tree = None if entry is None else read_tree(curved, entry)
            read = (read_down(claim, self.config.runs, tree) for claim in self.verdicts)
            return [law for law in read if law is not None]

    @cached_property
    def certificates(self) -> dict[str, Any] | None:
        """What was proved of later steps, as it lies there (docs/record.md); None where nothing was
        tried.  Raises UserError where it is damaged."""
        with damage_in_one_line(self.path):
            if CERTIFICATES not in (read_manifest(self.path) or {}):
                return None
            return read_json(self.path / CERTIFICATES)

    @property
    def since(self) -> dict[str, list[int | None]]:
        """By claim the step of each run from which on it is proved.  Raises UserError."""
        with damage_in_one_line(self.path):
            return since_of(self.certificates, self.config.runs) if self.certificates else {}

    @property
    def returned(self) -> float:
        """What a job tells a sweeper: the last value of one scalar, over its runs; nan if none."""
        phase, name = self.study.returns or ("", "")
        if phase not in self.trajectory or name not in self.stage(phase):
            return float("nan")
        scalar = self.stage(phase)[name]
        return middles([(scalar.values[:, -1], scalar.attrs)])[0]


def load_run(directory: str | Path) -> Record:
    """Open a record.  Every file is checked before it is parsed, against its manifest, or its
    status while it is not sealed; that of a job at work is the last it published.

    Raises UserError where there is none or a file is damaged.
    """
    path = Path(directory)
    apart.warm()  # while the rest is looked at
    with damage_in_one_line(path):
        return while_it_moves(path, _load)


def _load(path: Path) -> Record:
    found = stand(path)
    verdicts, rules = _verdicts(path) if found.sealed else ([], FORMAT)
    config, inputs = read_back(path)
    tree = read_tree(path / TRAJECTORY, found.entry(TRAJECTORY))
    runs = {node.sizes["run"] for node in tree.subtree if "run" in node.sizes}
    if runs - {config.runs}:
        what = f"it has {min(runs - {config.runs})} runs, its configuration {config.runs}"
        raise UserError(str(path / TRAJECTORY), what, DAMAGED)
    state = str(found.status.get("state", "unreadable"))
    if state == "running" and not attended(path):
        state = "dead"
    return Record(
        path, config, inputs, tree, verdicts, rules,
        sealed=found.sealed, state=state, vouched=found.files is not None,
    )  # fmt: skip


def read_group_of(path: Path, groups: Sequence[str]) -> Group | None:
    """The first of these groups that the trajectory of a job has, its scalars alone, checked as by
    `load_run`; None where it cannot be read."""

    def read(path: Path) -> Group | None:
        return read_group(path / TRAJECTORY, groups, entry=vouched(path, TRAJECTORY))

    try:
        with damage_in_one_line(path):
            return while_it_moves(path, read)
    except UserError:
        return None


def _verdicts(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The claims of a sealed record, and the rules they were judged by."""
    found = read_json(path / VERDICTS)
    claims = found["claims"]
    if not isinstance(claims, list) or not all(isinstance(claim, dict) for claim in claims):
        raise TypeError("a verdict is none")
    return claims, int(found.get("format", 1))


def status_files(sweep: Path) -> list[Path]:
    """The status file of every job below a directory, jobs in numerical order; links are not
    followed."""

    def order(path: Path) -> list[tuple[int, str]]:
        names = zip(path.parts, map(short_name, path.parts), strict=True)
        return [(int(n), x) if n.isdecimal() else (-1, x) for x, n in names]

    return sorted(_with_status(sweep), key=order)


def _with_status(sweep: Path) -> Iterator[Path]:
    pending = [sweep]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                elif entry.name == STATUS:
                    yield Path(entry.path)


def read_status(path: Path) -> dict[str, Any]:
    """The status of a job, checked (`record.status`): one that cannot be read hides no other."""
    return told(path.parent)


def run_counts(status: Mapping[str, Any]) -> dict[str, int]:
    """Of each claim how many of the judged runs of a job keep it, as columns."""
    return {
        f"{claim}.{name}": int(runs[name])
        for claim, runs in status["runs"].items()
        for name in ("kept", "judged", "proved", "proved_from")
        if name in runs
    }


def beside(status: Mapping[str, Any]) -> dict[str, str]:
    """What a job shows of claims that do not cover it, and in its shadow, as columns: neither is a
    verdict."""
    seen = {f"{claim}.observed": x["said"] for claim, x in status["observed"].items()}
    shadows = {f"{claim}.shadow": x["label"] for claim, x in status["shadow"].items()}
    return {**seen, **shadows}


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
