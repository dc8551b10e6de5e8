"""What `ntp-train --help` prints: the config groups, the keys with their values, examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from omegaconf import OmegaConf, open_dict

from ntp_dynamics import studies
from ntp_dynamics.config.compose import compose_job
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.config.schema import every_group, groups_of

TEXT = """\
ntp-train [options] [key=value | group=choice ...]

Run a job of a study, record how it evolves, and hold every claim of its theorems against that.
This study is {title}.

Groups (group=choice)
{groups}

Keys (key=value), with the values of this job
{keys}

Options
  -m, --multirun    sweep: comma-separated values, one job a combination
  --cfg job         print the configuration and stop; --info, --hydra-help: more of Hydra's own
  --config-dir DIR  look for configs of your own in DIR too

What is cut short (by Ctrl-C, a signal, kill -9)
  ntp-train ...     the same sweep again goes on: what is sealed is kept, the rest from checkpoints
  ntp-resume DIR    the same of a job or sweep by name, from any folder
  runtime.checkpoint_seconds=10      a checkpoint so often; null: only when it is asked to stop
  runtime.allow_changed=true         go on although version, settings or files have changed since
                                     (ntp-resume DIR --allow-changed); the records say so

Who trains a sweep
  hydra/launcher=packed              threads of this process; or packed_ray, slurm, joblib, basic
  hydra.launcher.threads=2           so many jobs at a time (cores)
  hydra.launcher.workers=2           so many processes (long sweeps: cores)

Examples
  ntp-train                                        the default job: two stages, eight runs
  ntp-train experiment=smoke runs=4                the same in seconds
  ntp-train -m dataset.optimal=1,2 seed=0,1,2,3    a sweep of eight jobs"""


def help_text(overrides: Sequence[str], search: Sequence[str] = ()) -> str:
    """The help of a job with these overrides.  Raises UserError where they do not compose."""
    composed = compose_job(overrides, search)
    study = str(composed.study)
    places = [config_dir(), *studies.config_dirs(), *map(Path, search)]
    with open_dict(composed):
        composed.pop("hydra")
    keys = "".join(f"  {line}\n" for line in OmegaConf.to_yaml(composed).splitlines())
    return TEXT.format(
        title=studies.find(study).title,
        groups="\n".join(line for place in places for line in _groups(place, study)),
        keys=keys.rstrip(),
    )


def _groups(directory: Path, study: str) -> Iterator[str]:
    """One line a choice, described by the first sentence of its file; none of the groups that only
    other studies have."""
    others = every_group().keys() - groups_of(study).keys()
    for group in sorted(path for path in directory.iterdir() if path.is_dir()):
        if group.name in others:
            continue
        for choice in sorted(group.rglob("*.yaml")):
            name = choice.relative_to(group).with_suffix("").as_posix()
            yield f"  {f'{group.name}={name}':<24} {_description(choice)}"


def _description(path: Path) -> str:
    """The comment of a config file up to its first full stop, package and command lines aside."""
    words: list[str] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        comment = line.removeprefix("#").strip()
        if not line.startswith("#"):
            break
        if comment.startswith(("@package", "ntp-train")) or not comment:
            continue
        words.append(comment)
    whole = " ".join(words)
    end = re.search(r"[\w)\]]\. ", whole)  # in r(. - s) nothing ends
    return whole[: end.end() - 1] if end else whole
