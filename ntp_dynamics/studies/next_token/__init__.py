"""A one-layer transformer on next-token data (Huang, Liang, Yang, NeurIPS 2024)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ntp_dynamics.study import Outline, Phase, Study
from ntp_dynamics.view import View

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.studies.next_token.problem import Known, NextToken
    from ntp_dynamics.system.errors import UserError
    from ntp_dynamics.verdict.proved import Proofs


ANY_CORPUS = (
    *("experiment=smoke", "runs=1", "dataset=file", "dataset.path=${corpus:any_corpus}"),
    *("train.labels=soft", "train.head=log"),
)
RULES = (
    (
        *("optimizer=gd", "train.feed_forward.step_size=10", "train.feed_forward.steps=1100"),
        *("train.attention.step_size=9", "train.attention.steps=1300"),
    ),
    ("optimizer=ngd", "train.feed_forward.step_size=0.1", "train.attention.step_size=0.1"),
    ("optimizer=split_ngd",),
)
"""Of small jobs with softmax-linear stages."""


class OneLayerTransformer(Study):
    """Self-attention, then a feed-forward layer, trained on next-token samples."""

    name = "next_token"
    title = "one-layer transformers on next-token data"
    stages = ("feed_forward", "attention", "joint")
    residual = "zero_sum_residual"
    reserved = ("logits",)
    returns = "attention", "direction_gap_kq"
    clocks: Mapping[str, str] = MappingProxyType(
        {
            "path_length": "path length",
            "norm_kq": "norm of W_kq",
            "norm_ov": "norm of W_ov",
            "score_margin": "score margin",
        }
    )
    headline = "kq.direction"
    devices = ("cpu", "cuda")
    smoke = ("experiment=smoke",)
    smoke_more = (
        ("experiment=small_vocabulary", "train.attention.steps=100"),
        ("experiment=smoke", "dataset=prefix_closed", "train.attention.steps=700"),
        ("experiment=smoke", "optimizer=sign", "embedding=standard"),
        (
            *("experiment=smoke", "dataset=votes", "dataset.sentences_per_query=12"),
            *("train.stages=[attention]", "train.margin=3", "train.attention.steps=1000"),
        ),
        (
            *("experiment=smoke", "optimizer=adam", "embedding=standard", "optimizer.epsilon=0"),
            *("optimizer.beta1=0.25", "optimizer.beta2=0.5", "train.attention.step_size=0.5"),
            "train.attention.steps=1000",
        ),
        *((*ANY_CORPUS, *rule) for rule in RULES),
    )

    @property
    def config(self) -> type:
        from ntp_dynamics.studies.next_token.config import Config

        return Config

    @property
    def groups(self) -> Mapping[str, Mapping[str, type]]:
        from ntp_dynamics.studies.next_token.groups import GROUPS

        return GROUPS

    def check(self, config: Any) -> Sequence[UserError]:
        from ntp_dynamics.studies.next_token.conflicts import mistakes

        return mistakes(config)

    def look(self, config: Any) -> None:
        from ntp_dynamics.studies.next_token.inputs import look

        look(config)

    def needs(self, config: Any) -> Hashable:
        from ntp_dynamics.studies.next_token.inputs import needs

        return needs(config)

    def modules(self, config: Any) -> Sequence[str]:
        from ntp_dynamics.studies.next_token.outline import modules

        return modules(config)

    def outline(self, config: Any) -> Sequence[Outline]:
        from ntp_dynamics.studies.next_token.outline import outline

        return outline(config)

    def prepare(self, config: Any, hooks: Mapping[str, Sequence[Any]]) -> NextToken:
        from ntp_dynamics.studies.next_token.problem import prepare

        return prepare(config, hooks)

    def measured(
        self, problem: NextToken, hooks: Mapping[str, list[Any]]
    ) -> Mapping[str, list[Any]]:
        return problem.hooks

    def phases(self, problem: NextToken) -> Sequence[Phase]:
        from ntp_dynamics.studies.next_token.phases import phases

        return phases(problem)

    @property
    def observables(self) -> Sequence[Any]:
        from ntp_dynamics.studies.next_token.observables import EVERY

        return EVERY

    def observables_of(self, config: Any) -> Sequence[Any]:
        from ntp_dynamics.studies.next_token.observables import observables_of

        return observables_of(config)

    @property
    def claims(self) -> Sequence[Any]:
        from ntp_dynamics.studies.next_token.theory.claims import CLAIMS

        return CLAIMS

    def claims_of(self, config: Any) -> Sequence[Any]:
        from ntp_dynamics.studies.next_token.theory.claims import claims_of

        return claims_of(config)

    def inputs(self, directory: Path, config: Any) -> Mapping[str, Any]:
        from ntp_dynamics.studies.next_token.inputs import read_corpora

        return {"corpora": read_corpora(directory, config.runs)}

    def held(self, problem: NextToken) -> Mapping[str, Any]:
        return {"corpora": problem.known.corpora}

    def known(self, config: Any, inputs: Mapping[str, Any]) -> Known:
        from ntp_dynamics.studies.next_token.problem import know

        return know(config, inputs["corpora"])

    def constants(self, known: Known, tree: xarray.DataTree) -> Any:
        from ntp_dynamics.studies.next_token.theory.constants import constants_of

        return constants_of(known, tree)

    def proofs(self, known: Known, tree: xarray.DataTree, constants: Any) -> Proofs | None:
        from ntp_dynamics.studies.next_token.certificates import proofs

        return proofs(known, tree, constants)

    def facts(self, config: Any, inputs: Mapping[str, Any]) -> Sequence[str]:
        from ntp_dynamics.studies.next_token.outline import WORDS

        chosen = (type(x).__name__ for x in (config.optimizer, config.init, config.embedding))
        told = [*(WORDS.get(x, x) for x in chosen), *config.additions]
        corpus = inputs["corpora"][0]
        labels = [f"{len(corpus.labels)} labels"] * bool(corpus.labels)
        return [f"|V| = {corpus.token_count:,}", *labels, *told]

    def sheets(
        self, tree: xarray.DataTree, inputs: Mapping[str, Any], which: Any, title: str
    ) -> Iterator[Any]:
        from ntp_dynamics.studies.next_token.panels import sheets

        return sheets(tree, inputs, which, title)

    @property
    def views(self) -> Sequence[View]:
        from ntp_dynamics.studies.next_token.views import VIEWS

        return VIEWS


STUDY = OneLayerTransformer()
