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
from ntp_dynamics.studies.next_token.data.realizable import recognise, require_collocation
from ntp_dynamics.studies.next_token.groups import FileDataset, Polyak
from ntp_dynamics.studies.next_token.outline import outline
from ntp_dynamics.system.errors import UserError, raise_all
from ntp_dynamics.system.memory import make_room


def needs(config: Config) -> Hashable:
    """What `look` looks at: jobs with equal needs are looked at together."""
    engine = config.engine is EngineName.numba, config.runtime.device
    if _needs_infimum(config) or config.linear_stages:
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
    collocation, or votes for two labels."""
    polyak = _needs_infimum(config)
    from_file = isinstance(config.dataset, FileDataset)
    if not (polyak or from_file or config.linear_stages):
        return
    corpora = draw_corpora(config, streams(config))
    (embedding, *_) = draw_embeddings(config, streams(config), corpora[0])
    if from_file:
        from ntp_dynamics.studies.next_token.observables import observables_of  # takes torch along
        from ntp_dynamics.studies.next_token.size import in_memory, shape_of

        hooks = hooks_of(config.hooks, outline(config), observables_of(config))
        shape = shape_of(corpora, embedding.dim)
        make_room(in_memory(config, shape, affordable(hooks, config.hooks, shape.axes)))
        _look_at_labels(config, corpora[0])
    if Stage.attention in config.linear_stages:
        from ntp_dynamics.studies.next_token.theory.log_head import require_one_holder

        for corpus in {id(corpus): corpus for corpus in corpora}.values():
            require_one_holder(corpus, recognise(corpus).collocation, _where(config))
    if polyak:
        known = {id(corpus): corpus for corpus in corpora}
        if not all(corpus.labels or recognise(corpus).injective for corpus in known.values()):
            what = "Polyak's step needs the infimum of the attention loss, unknown where two tokens"
            what += " have one continuation"
            raise UserError("optimizer", what, "use another optimizer or another corpus")


def _needs_infimum(config: Config) -> bool:
    """Whether Polyak's step asks for inf L of the frozen head, which not every corpus has."""
    polyak = isinstance(config.optimizer, Polyak) and Stage.attention in config.stages
    return polyak and Stage.attention not in config.linear_stages


def _look_at_labels(config: Config, corpus: Corpus) -> None:
    """Raise UserError where a file states no continuation that a stage asks for."""
    if Stage.feed_forward in config.linear_stages:
        from ntp_dynamics.studies.next_token.theory.soft_labels import require_continuations

        require_continuations(corpus, _where(config))
    elif Stage.joint not in config.stages and Stage.attention not in config.linear_stages:
        require_collocation(corpus, _where(config))


def _where(config: Config) -> str:
    """What a message about the corpora of a job names."""
    return config.dataset.path if isinstance(config.dataset, FileDataset) else "dataset"


def read_corpora(directory: Path, runs: int) -> list[Corpus]:
    """The corpora of a record, a run each; equal files are one object."""
    texts = [(directory / name_of(run)).read_bytes() for run in range(runs)]
    first = {text: run for run, text in reversed(list(enumerate(texts)))}
    corpora = {text: Corpus.read(directory / name_of(run)) for text, run in first.items()}
    return [corpora[text] for text in texts]


def name_of(run: int) -> str:
    """Where the corpus of a run lies in the record."""
    return f"corpora/{run:03d}.jsonl"
