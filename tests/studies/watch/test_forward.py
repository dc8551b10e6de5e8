"""What a forward pass shows is what torch computes, however a model calls it; nothing is left
behind."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention

from ntp_dynamics.studies.watch import attention
from ntp_dynamics.studies.watch.forward import Forward
from tests.studies.watch.loops import Attends

TORCHS_OWN = (F.cross_entropy, F.nll_loss, F.scaled_dot_product_attention, F.softmax)
THIS = sys.modules[__name__]
NOTES: list[str] = []


def forward(model: Any = None, script: ModuleType | None = THIS) -> Forward:
    NOTES.clear()
    return Forward(model, NOTES.append, attends=True, script=script)


def entropy(p: torch.Tensor) -> float:
    p = p.detach()
    return float(-torch.special.xlogy(p, p).sum(-1).mean())


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_of_torchs_own_module_is_its_weights(need_weights: bool) -> None:
    torch.manual_seed(0)
    model = Attends(need_weights)
    x = torch.randn(3, 5, 8)
    _, weights = model.attend(x, x, x, average_attn_weights=False)
    seen = forward(model)
    seen.open()
    F.cross_entropy(model(x), torch.tensor([0, 1, 2]))
    seen.close()
    layer = seen.layers["attend"]
    assert layer.entropy == pytest.approx(entropy(weights), rel=1e-5)
    assert layer.top == pytest.approx(weights.amax(-1).mean().item(), rel=1e-5)
    torch.testing.assert_close(torch.tensor(layer.map).float(), weights[0].mean(0))
    assert seen.classifier["accuracy"] >= 0
    assert (seen.dtype, NOTES) == ("float32", [])


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("masked", [None, "bool", "float"])
def test_attention_of_the_fused_product_is_what_its_output_is_made_of(
    causal: bool, masked: str | None
) -> None:
    torch.manual_seed(1)
    q, k, _ = torch.randn(3, 2, 4, 6, 6).unbind(0)
    v = torch.eye(6).expand(2, 4, 6, 6)  # then the output is the weights
    mask = None
    if masked:
        keep = torch.rand(6, 6) > 0.3
        keep |= torch.eye(6, dtype=torch.bool)
        mask = keep if masked == "bool" else torch.randn(6, 6)
    if causal and masked:
        pytest.skip("torch takes one of both")
    weights = F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=0.7)
    seen = attention.of_product(q, k, mask, is_causal=causal, scale=0.7)
    assert seen.entropy == pytest.approx(entropy(weights), rel=1e-4)
    torch.testing.assert_close(torch.tensor(seen.map).float(), weights[0].mean(0))


def test_of_long_attention_evenly_chosen_queries_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(1)
    q, k = torch.randn(2, 1, 2, 90, 4).unbind(0)
    whole = attention.of_product(q, k, is_causal=True)
    monkeypatch.setattr(attention, "LARGEST", 90 * 2 * 30)
    some = attention.of_product(q, k, is_causal=True)
    assert some.entropy == pytest.approx(whole.entropy, rel=0.1)
    assert some.entropy != whole.entropy
    assert (some.map == whole.map).all()
    assert some.map.shape == (64, 64)


def test_attention_by_hand_is_a_softmax_over_keys_and_other_softmaxes_are_not() -> None:
    seen = forward()
    seen.open()
    scores = torch.randn(2, 3, 4, 4, requires_grad=True)
    for weights in (F.softmax(scores, dim=-1), scores.softmax(-1), torch.softmax(scores, 3)):
        assert weights.shape == scores.shape
    F.softmax(scores, dim=1)
    F.softmax(scores[0], dim=-1)
    seen.close()
    assert ([*seen.layers], NOTES) == (["call 0", "call 1", "call 2"], [])
    expected = entropy(scores.softmax(-1))
    assert {round(x.entropy, 5) for x in seen.layers.values()} == {round(expected, 5)}


def test_the_first_call_in_a_layer_counts() -> None:
    torch.manual_seed(0)
    model, x = Attends(), torch.randn(3, 5, 8)
    seen = forward(model)
    found = []
    for inputs in ((x,), (x, 3 * x), (3 * x, x)):
        seen.open()
        for one in inputs:
            model(one)
        seen.close()
        found.append(seen.layers["attend"].entropy)
    assert found[0] == found[1] != found[2]


def test_a_function_that_was_imported_by_name_is_seen_in_the_script() -> None:
    z, q = torch.randn(4, 3, requires_grad=True), torch.randn(1, 1, 4, 4, requires_grad=True)
    y = torch.tensor([0, 1, 2, 0])
    for script, there in ((THIS, True), (None, False)):
        seen = forward(script=script)
        seen.open()
        cross_entropy(z, y)
        scaled_dot_product_attention(q, q, q)
        seen.close()
        assert (bool(seen.classifier), bool(seen.layers)) == (there, there)


def test_the_loss_of_log_probabilities_is_that_of_their_logits() -> None:
    z, y = 5 * torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    z.requires_grad_()
    found = []
    for loss in (
        lambda: F.cross_entropy(z, y),
        lambda: nn.CrossEntropyLoss(reduction="none")(z, y),
        lambda: F.nll_loss(F.log_softmax(z, 1), y),
        lambda: nn.NLLLoss()(z.log_softmax(1), target=y),
    ):
        seen = forward()
        seen.open()
        loss()
        seen.close()
        found.append(seen.classifier)
    for other in found[1:]:
        for name in ("log_cross_entropy", "margin_min", "margin_median", "accuracy"):
            assert other[name] == pytest.approx(found[0][name], rel=1e-5)


def test_the_first_loss_of_a_step_counts_and_those_without_a_gradient_do_not() -> None:
    y = torch.tensor([0, 1])
    first, second = torch.eye(2, requires_grad=True), (-torch.eye(2)).requires_grad_()
    seen = forward()
    seen.open()
    with torch.no_grad():
        F.cross_entropy(second, y)
    F.cross_entropy(second.detach(), y)
    F.cross_entropy(first, y)
    F.cross_entropy(second, y)
    seen.close()
    assert seen.classifier["accuracy"] == 1.0
    seen.open()
    assert seen.classifier == {}
    seen.close()


def test_smoothed_labels_and_probabilities_are_told_and_not_measured() -> None:
    z = torch.randn(4, 3, requires_grad=True)
    seen = forward()
    seen.open()
    F.cross_entropy(z, torch.tensor([0, 1, 2, 0]), label_smoothing=0.1)
    F.cross_entropy(z, torch.full((4, 3), 1 / 3))
    seen.close()
    assert seen.classifier == {}
    assert ["smoothed" in NOTES[0], "probabilities" in NOTES[1]] == [True, True]


def test_torch_is_as_it_was_once_a_step_has_ended_or_failed() -> None:
    module = nn.modules.module
    hooks = (module._global_forward_pre_hooks, module._global_forward_hooks)
    before = [len(x) for x in hooks]
    model = Attends()
    seen = forward(model)
    seen.open()
    assert F.cross_entropy is not TORCHS_OWN[0]
    assert cross_entropy is not TORCHS_OWN[0]
    with pytest.raises(AssertionError, match="embedding dimension"):
        model(torch.randn(1, 2, 3))
    seen.close()
    own = (F.cross_entropy, F.nll_loss, F.scaled_dot_product_attention, F.softmax)
    assert own == TORCHS_OWN
    assert cross_entropy is TORCHS_OWN[0]
    assert "softmax" not in vars(torch.Tensor)
    assert [len(x) for x in hooks] == before


def test_what_cannot_be_measured_is_told_and_the_loss_is_returned_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("ntp_dynamics.studies.watch.forward.sentinel", broken)
    monkeypatch.setattr(attention, "of_product", broken)
    seen = forward()
    seen.open()
    q = torch.randn(1, 1, 4, 4, requires_grad=True)
    loss = F.cross_entropy(torch.randn(2, 3, requires_grad=True), torch.tensor([0, 1]))
    F.scaled_dot_product_attention(q, q, q)
    seen.close()
    assert loss.requires_grad
    assert ["out of memory" in note for note in NOTES] == [True, True]
