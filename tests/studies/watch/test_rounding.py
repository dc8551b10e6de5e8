"""The rounding sentinel is held against forty digits of the same logits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mpmath import mp, mpf

from ntp_dynamics.studies.watch.rounding import NotSoftmax, rows_of, sentinel


def logits(margin: float, dtype: torch.dtype, n: int = 6, classes: int = 4) -> torch.Tensor:
    """Rows whose target, class 1, leads by about a margin."""
    z = torch.randn(n, classes, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    z[:, 1] = z.max(dim=1).values + margin + 0.1 * torch.arange(n)
    return z.to(dtype)


def exactly(z: torch.Tensor, naive: torch.Tensor) -> tuple[float, float]:
    """Log of the mean loss, and relative error of a gradient, of logits as they stand."""
    with mp.workdps(60):
        loss, off, size = mpf(0), mpf(0), mpf(0)
        for row, g in zip(z.tolist(), naive.tolist(), strict=True):
            e = [mp.exp(mpf(a) - mpf(row[1])) for a in row]
            rest = sum(a for v, a in enumerate(e) if v != 1)
            loss += mp.log1p(rest)
            for v, a in enumerate(e):
                exact = (-rest if v == 1 else a) / (1 + rest)
                off += (mpf(g[v]) - exact) ** 2
                size += exact**2
        return float(mp.log(loss / len(z))), float(mp.sqrt(off / size))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("margin", [-3.0, 1.0, 8.0, 14.0, 20.0, 33.0, 60.0, 300.0])
def test_loss_and_error_of_the_gradient_are_those_of_sixty_digits(
    margin: float, dtype: torch.dtype
) -> None:
    z, y = logits(margin, dtype), torch.ones(6, dtype=torch.long)
    leaf = z.clone().requires_grad_()
    F.cross_entropy(leaf, y, reduction="sum").backward()
    assert leaf.grad is not None
    log_loss, error = exactly(z, leaf.grad)
    found = sentinel((z, y), F.cross_entropy)
    assert found["log_cross_entropy"] == pytest.approx(log_loss, rel=1e-13, abs=1e-13)
    if error > 1e-14:  # below, the yardstick itself is rounded
        assert found["gradient_error"] == pytest.approx(error, rel=1e-2)
    else:
        assert found["gradient_error"] < 1e-13


@pytest.mark.parametrize(("dtype", "dies"), [(torch.float32, 17.4), (torch.float64, 37.5)])
def test_the_gradient_of_the_target_dies_at_half_a_unit_in_the_last_place(
    dtype: torch.dtype, dies: float
) -> None:
    """log 2^24 = 16.6, log 2^53 = 36.7, and another log(classes - 1) for the others together."""
    y = torch.ones(1, dtype=torch.long)
    for margin, expected in ((dies + 1.5, True), (dies - 3.0, False)):
        z = torch.zeros(1, 3, dtype=dtype)
        z[:, 1] = margin
        found = sentinel((z, y), F.cross_entropy)
        assert (found["gradient_error"] > 0.5) is expected
        assert (found["loss_error"] == 1.0) is expected
        assert (found["zero_sum_residual"] > 0.5) is expected


def test_a_gradient_below_all_floats_is_lost_and_not_undefined() -> None:
    z, y = torch.tensor([[0.0, 2000.0]]), torch.tensor([1])
    found = sentinel((z, y), F.cross_entropy)
    assert found["log_cross_entropy"] == -2000.0
    assert (found["gradient_error"], found["loss_error"], found["zero_sum_residual"]) == (1, 1, 1)


def test_margins_accuracy_and_weights_of_classes() -> None:
    z = torch.tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 5.0], [1.0, 1.5, 0.0]], dtype=torch.float64)
    y, weight = torch.tensor([0, 1, 1]), torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    found = sentinel((z, y), F.cross_entropy, weight)
    assert found["margin_min"] == -3.0
    assert found["margin_median"] == 0.5
    assert found["accuracy"] == pytest.approx(2 / 3)
    expected = math.log(F.cross_entropy(z, y, weight))
    assert found["log_cross_entropy"] == pytest.approx(expected, rel=1e-14)
    assert found["gradient_error"] < 1e-15
    assert found["loss_error"] < 1e-14


def test_rows_are_those_that_the_loss_of_torch_is_about() -> None:
    z, y = torch.randn(2, 5, 7), torch.randint(5, (2, 7))
    y[0, :3] = -1
    rows, kept = rows_of(z, y, ignore_index=-1)
    assert rows.shape == (11, 5)
    loss = F.cross_entropy(rows, kept)
    torch.testing.assert_close(loss, F.cross_entropy(z, y, ignore_index=-1))


def test_of_many_logits_evenly_chosen_rows_are_looked_at() -> None:
    rows, kept = rows_of(torch.zeros(3000, 4096), torch.arange(3000))
    assert len(rows) == len(kept) == 1024
    assert (int(kept[0]), int(kept[-1])) == (0, 2999)
    assert np.diff(kept.numpy()).max() <= 3


@pytest.mark.parametrize(
    ("z", "y", "said"),
    [
        (torch.randn(4, 3), torch.rand(4, 3), "probabilities"),
        (torch.randn(4, 3), torch.zeros(5, dtype=torch.long), "do not go with"),
        (torch.randn(4, 1), torch.zeros(4, dtype=torch.long), "single class"),
        (torch.randn(4, 3), torch.full((4,), -100), "ignored"),
        (torch.randn(4, 3), torch.full((4,), 3), "no class"),
        (torch.zeros(4, 3, dtype=torch.long), torch.zeros(4, dtype=torch.long), "int64"),
    ],
)
def test_what_is_no_softmax_classifier_is_said(z: torch.Tensor, y: torch.Tensor, said: str) -> None:
    with pytest.raises(NotSoftmax, match=said):
        rows_of(z, y)


def test_masked_classes_and_numbers_that_are_none_do_not_fire() -> None:
    z, y = torch.randn(4, 5), torch.ones(4, dtype=torch.long)
    z[:, 3:] = -math.inf
    assert sentinel((z, y), F.cross_entropy)["gradient_error"] < 1e-6
    z[0, 0] = math.nan
    assert math.isnan(sentinel((z, y), F.cross_entropy)["gradient_error"])
