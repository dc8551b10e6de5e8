"""Loops of users, small, and the scripts of docs/watch."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCRIPTS = Path(__file__).parents[3] / "docs/watch"


def script(name: str) -> ModuleType:
    """A script of docs/watch, imported and not run."""
    spec = importlib.util.spec_from_file_location(f"docs_watch_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Attends(nn.Module):
    """A layer of torch's own attention under a classifier of three classes."""

    def __init__(self, need_weights: bool = True):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.out = nn.Linear(8, 3)
        self.need_weights = need_weights

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.attend(x, x, x, need_weights=self.need_weights)
        return self.out(y.mean(dim=1))


def classifier() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))


def batches(n: int, like: tuple[int, ...] = (16, 4)) -> list[tuple[Tensor, Tensor]]:
    g = torch.Generator().manual_seed(0)
    return [
        (torch.randn(like, generator=g), torch.randint(3, like[:1], generator=g)) for _ in range(n)
    ]


def descend(model: nn.Module, steps: int, record: Any = None, like: Any = (16, 4)) -> list[float]:
    """Train as everybody does; the losses."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for x, y in batches(steps, like):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if record is not None:
            record.step(loss)
    return losses
