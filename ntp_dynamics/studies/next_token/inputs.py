"""What a job needs beside its configuration: a corpus file, a rule that its corpora allow."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from ntp_dynamics.config.choices import Device
from ntp_dynamics.observe.hooks import affordable, hooks_of
from ntp_dynamics.studies.next_token.choices import EngineName, Stage
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.draw import draw_corpora, draw_embeddings, streams
from ntp_dynamics.studies.next_token.data.realizable import require_collocation
from ntp_dynamics.studies.next_token.groups import FileDataset, Polyak
from ntp_dynamics.studies.next_token.outline import outline
from ntp_dynamics.system.errors import UserError, raise_all
from ntp_dynamics.system.memory import make_room


def needs(config: Config) -> Hashable:
    """What `look` looks at: jobs with equal needs are looked at together."""
    engine = config.engine is EngineName.numba, config.runtime.device
    if isinstance(config.optimizer, Polyak) and Stage.attention in config.stages:
        return repr(config)
    if isinstance(config.dataset, FileDataset):
        whole = (config.dataset, config.embedding, config.train, config.hooks, config.runs)
        return repr((engine, whole))
    return engine


def look(config: Config) -> None:
    """See that the engine and the device asked for work, and that the corpora can be used.

    Raises UserError, or UserErrors for both.
    """
    errors: list[UserError] = []
    for part in (_look_at_engine, _look_at_corpora):
        try:
            part(config)
        except UserError as error:
            errors.append(error)
    raise_all(errors)


def _look_at_engine(config: Config) -> None:
    if config.engine is EngineName.numba:
        from ntp_dynamics.studies.next_token.model.kernel_check import kernel_fault  # numba too

        if why := kernel_fault():
            raise UserError("engine", why, "use engine=auto")
    if config.runtime.device is Device.cuda:
        import torch

        if not torch.cuda.is_available():
            what = f"torch {torch.__version__} sees no CUDA device here"
            raise UserError("runtime.device", what, "leave it out, or install torch for CUDA")


def _look_at_corpora(config: Config) -> None:
    """Read the corpus of a file, and see that it fits in memory; Polyak's step needs an injective
    collocation."""
    polyak = isinstance(config.optimizer, Polyak) and Stage.attention in config.stages
    from_file = isinstance(config.dataset, FileDataset)
    if not (polyak or from_file):
        return
    corpora = draw_corpora(config, streams(config))
    (embedding, *_) = draw_embeddings(config, streams(config), corpora[0])
    if from_file:
        from ntp_dynamics.studies.next_token.observables import BUILT_IN  # takes torch along
        from ntp_dynamics.studies.next_token.size import in_memory, shape_of

        hooks = hooks_of(config.hooks, outline(config), BUILT_IN)
        shape = shape_of(corpora, embedding.dim)
        make_room(in_memory(config, shape, affordable(hooks, config.hooks, shape.axes)))
        if Stage.joint not in config.train.stages:
            assert isinstance(config.dataset, FileDataset)
            require_collocation(corpora[0], str(config.dataset.path))
    if polyak:
        from ntp_dynamics.studies.next_token.data.realizable import recognise

        known = {id(corpus): corpus for corpus in corpora}
        if not all(recognise(corpus).injective for corpus in known.values()):
            what = "Polyak's step needs the infimum of the attention loss, unknown where two tokens"
            what += " have one continuation"
            raise UserError("optimizer", what, "use another optimizer or another corpus")


def read_corpora(directory: Path, runs: int) -> list[Corpus]:
    """The corpora of a record, a run each; equal files are one object."""
    texts = [(directory / name_of(run)).read_bytes() for run in range(runs)]
    first = {text: run for run, text in reversed(list(enumerate(texts)))}
    corpora = {text: Corpus.read(directory / name_of(run)) for text, run in first.items()}
    return [corpora[text] for text in texts]


def name_of(run: int) -> str:
    """Where the corpus of a run lies in the record."""
    return f"corpora/{run:03d}.jsonl"
