"""The plain module: what it computes, and that ordinary hooks see it."""

from __future__ import annotations

import torch

from ntp_dynamics.studies.next_token.model.transformer import Transformer, pad


def test_forward_hooks_read_attention_and_logits() -> None:
    model = Transformer(torch.eye(3, dtype=torch.float64))
    model.attention.weight.data[0, 2] = 2.0  # under query 2, token 0 scores 2
    model.feed_forward.weight.data = 5 * torch.eye(3, dtype=torch.float64)
    seen = {}
    for name in ("attention", "feed_forward"):
        model.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: seen.update({name: output.detach()})
        )
    logits = model(*pad([(0, 1, 2), (2,)]))
    weight = torch.tensor([2.0, 0.0, 0.0], dtype=torch.float64).softmax(0)
    torch.testing.assert_close(seen["attention"][0], weight)
    torch.testing.assert_close(seen["attention"][1], torch.tensor([1.0, 0, 0]).double())
    torch.testing.assert_close(seen["feed_forward"], logits.detach())
    torch.testing.assert_close(logits[0].detach(), 5 * weight)


def test_only_the_last_token_asks() -> None:
    """Two sentences with the same words and the same last token have the same logits."""
    generator = torch.Generator().manual_seed(0)
    model = Transformer(torch.randn(4, 6, generator=generator, dtype=torch.float64))
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    one, two, other = model(*pad([(0, 1, 2, 3), (2, 0, 1, 3), (0, 1, 3, 2)]))
    torch.testing.assert_close(one, two)
    assert not torch.allclose(one, other)
