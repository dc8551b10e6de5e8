"""The one-layer transformer as a plain nn.Module: the oracle of the tests.

    T(X) = softmax(W_ov X softmax(X^T W_kq x_L))          (Huang, Liang, Yang 2024, section 2)

No positional encoding, no residual, no mask: only the last token asks.  `attention` returns the
attention weights and `feed_forward` the logits, so ordinary forward hooks on the two submodules
read both.  Its autograd is right while margins stay below about 15; beyond, use
`model.gradient`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from einops import einsum
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ntp_dynamics.studies.next_token.data.corpus import Corpus


class Attention(nn.Module):
    """phi = softmax(X^T W_kq x_L) over the positions of a sentence."""

    def __init__(self, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(dim, dim, dtype=torch.float64))

    def forward(
        self, x: Float[Tensor, "N L D"], last: Float[Tensor, "N D"], present: Bool[Tensor, "N L"]
    ) -> Float[Tensor, "N L"]:
        score = einsum(x, self.weight, last, "n l d, d e, n e -> n l")
        return score.masked_fill(~present, -torch.inf).softmax(dim=-1)


class FeedForward(nn.Module):
    """z = W_ov X phi."""

    def __init__(self, label_size: int, dim: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(label_size, dim, dtype=torch.float64))

    def forward(self, x: Float[Tensor, "N L D"], phi: Float[Tensor, "N L"]) -> Float[Tensor, "N J"]:
        return einsum(self.weight, x, phi, "v d, n l d, n l -> n v")


class Transformer(nn.Module):
    """Logits of the next token, or of ``label_size`` labels, for padded sentences."""

    embedding: Tensor

    def __init__(self, embedding: Float[Tensor, "D V"], label_size: int | None = None):
        super().__init__()
        dim, vocab_size = embedding.shape
        self.register_buffer("embedding", embedding)
        self.attention = Attention(dim)
        self.feed_forward = FeedForward(label_size or vocab_size, dim)

    def forward(
        self, tokens: Int[Tensor, "N L"], lengths: Int[Tensor, " N"]
    ) -> Float[Tensor, "N J"]:
        x = self.embedding.T[tokens]  # (N, L, D)
        present = torch.arange(tokens.shape[1]) < lengths[:, None]
        last = x[torch.arange(len(tokens)), lengths - 1]
        return self.feed_forward(x, self.attention(x, last, present))

    def loss(self, corpus: Corpus) -> Float[Tensor, ""]:
        """Cross-entropy of the whole corpus, weighted by relative frequency (eq. 1)."""
        tokens, lengths = pad(corpus.sentences)
        log_p = self(tokens, lengths).log_softmax(dim=-1)
        label = torch.tensor(corpus.next_tokens)
        return -(torch.from_numpy(corpus.pi) * log_p[torch.arange(len(label)), label]).sum()

    def collocation_loss(self, collocation: Sequence[int]) -> Float[Tensor, ""]:
        """L0 = -sum_x log softmax(W_ov x)_{n(x)}: a sum over tokens, attention absent."""
        label = torch.tensor(collocation)
        known = torch.nonzero(label >= 0).flatten()
        log_p = (self.feed_forward.weight @ self.embedding).log_softmax(dim=0)
        return -log_p[label[known], known].sum()


def pad(sentences: Sequence[Sequence[int]]) -> tuple[Int[Tensor, "N L"], Int[Tensor, " N"]]:
    """Sentences as one tensor, padded with token 0, and their lengths."""
    longest = max(map(len, sentences))
    rows = [[*sentence, *[0] * (longest - len(sentence))] for sentence in sentences]
    return torch.tensor(rows), torch.tensor([len(sentence) for sentence in sentences])
