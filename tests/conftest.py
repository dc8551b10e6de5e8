"""Fixtures that several test folders share."""

import gc
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

os.environ["NTP_STUDIES"] = str(Path(__file__).parents[1] / "docs" / "studies")  # the example
sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks and docs lie beside the package

from ntp_dynamics import studies
from ntp_dynamics.config import kept, mistakes, schema
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.system.stops import STOPS
from tests.browser import browser, watched  # noqa: F401 - fixtures

# A shell starts what runs in its background with Ctrl-C ignored, and so would this what it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

gc.set_threshold(50_000)  # a twentieth of the time of the suite; what is left is found below


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    """A file or socket that a module leaves for the garbage collector is a failure of its own."""
    yield
    gc.collect()
    gc.freeze()  # what has outlived a module is not looked at again: a tenth of a second each time


@pytest.fixture(scope="module", autouse=True)
def no_handler_left() -> Iterator[None]:
    """A module that leaves signals to a handler of its own is a failure; they are put back."""
    numbers = [getattr(signal, name) for name in STOPS]
    before = [signal.getsignal(number) for number in numbers]
    yield
    after = [signal.getsignal(number) for number in numbers]
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    assert after == before


GOLDEN = Path(__file__).parent / "golden"
DOCS_STUDIES = Path(__file__).parents[1] / "docs" / "studies"


@pytest.fixture(scope="session")
def golden() -> dict[str, dict[str, Any]]:
    """The golden corpora by name, with their reference results (tests/golden/README.md)."""
    paths = (path for path in GOLDEN.glob("*.json") if path.stem != "recogniser_cases")
    return {path.stem: json.loads(path.read_text()) for path in sorted(paths)}


@pytest.fixture(scope="session")
def corpus_of() -> Callable[[dict[str, Any]], Corpus]:
    """Makes the Corpus of a golden dict."""

    def make(case: dict[str, Any]) -> Corpus:
        samples = [(s["tokens"], s["next"], s["weight"]) for s in case["samples"]]
        return Corpus.from_samples(samples, vocab_size=case["vocab_size"])

    return make


def every_study() -> list[str]:
    """The names of all studies whose jobs the lab trains, those in docs/studies too."""
    own = {name for name in studies.names() if studies.find(name).trains}
    return sorted({*own, *(conf.parent.name for conf in DOCS_STUDIES.glob("*/conf"))})


@pytest.fixture(scope="session")
def studies_of_the_docs() -> Callable[[], AbstractContextManager[None]]:
    """The studies in docs/studies are found, as NTP_STUDIES would have it from the start."""

    @contextmanager
    def found() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(studies.PLACES, str(DOCS_STUDIES))
            _look_again()
            yield
        _look_again()

    return found


def _look_again() -> None:
    for known in (studies._modules, studies.find, mistakes.texts, kept.names, kept._plain):
        known.cache_clear()
    for known in (schema.schemas, schema.groups_of, schema.every_group):
        known.cache_clear()
    schema.register_schemas()


@contextmanager
def _a_place(directory: Path) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.setenv("HOME", str(directory / "home"))
        for name in ("WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_DIR", "WANDB_MODE"):
            patch.delenv(name, raising=False)
        patch.setenv("WANDB_CACHE_DIR", str(directory / "cache"))
        patch.setenv("WANDB_DATA_DIR", str(directory / "cache"))
        yield patch
        if wandb := sys.modules.get("wandb"):
            from ntp_dynamics.track import wandb_run

            wandb.teardown()
            wandb_run._unusable.clear()


@pytest.fixture(scope="session")
def a_place() -> Callable[[Path], AbstractContextManager[pytest.MonkeyPatch]]:
    """A working directory and a home of one's own, no key, and a wandb that forgets."""
    return _a_place


def wandb_version() -> tuple[int, ...]:
    """Of the wandb installed: major and minor."""
    return tuple(int(part) for part in version("wandb").split(".")[:2])


@pytest.fixture(scope="session")
def read_wandb() -> Callable[[Path], dict[str, list[dict[str, Any]]]]:
    """The records of the run in a directory by kind, as wandb's own reader shows them."""

    def read(run: Path) -> dict[str, list[dict[str, Any]]]:
        (path,) = run.glob("run-*.wandb")
        command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
        if wandb_version() < (0, 31):
            pytest.skip("the reader of this wandb prints no JSON")
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in map(json.loads, done.stdout.splitlines()):
            found[record["type"]].append(record[record["type"]])
        return found

    return read
