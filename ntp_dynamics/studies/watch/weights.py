"""Parameters of a model at a recorded step: how large they are, their gradients, and what of an
update arrives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ntp_dynamics.system.errors import UserError

WHERE = "model"


class Weights:
    """The trained parameters by name, each in the module that holds it."""

    def __init__(self, named: Mapping[str, Tensor]):
        self.named = named
        holders = [name.rpartition(".")[0] for name in named]
        self.modules = list(dict.fromkeys(holder or "(top)" for holder in holders))
        self.place = np.array([self.modules.index(holder or "(top)") for holder in holders])
        """Of the module of each parameter."""
        self.size = sum(p.numel() for p in named.values())

    def by_module(self, norms: Float[np.ndarray, " p"]) -> Float[np.ndarray, " m"]:
        """Norms of the modules from those of the parameters; nan where all of these are."""
        found = np.full(len(self.modules), np.nan)
        for m in range(len(self.modules)):
            own = norms[self.place == m]
            own = own[~np.isnan(own)]
            if own.size:
                found[m] = np.linalg.norm(own)
        return found


def weights_of(model: Any) -> Weights:
    """The trained parameters of a module, or those handed over: tensors, by name or in a row.

    Raises UserError where there are none that can be watched.
    """
    remedy = "give an nn.Module, or the tensors that are trained"
    if isinstance(model, nn.Module):
        named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    elif isinstance(model, Mapping):
        named = {str(name): p for name, p in model.items()}
    elif isinstance(model, Iterable) and not isinstance(model, str | bytes | Tensor):
        named = {f"parameter_{i}": p for i, p in enumerate(model)}
    else:
        raise UserError(WHERE, f"{type(model).__name__} has no parameters", remedy)
    for name, p in named.items():
        if not isinstance(p, Tensor):
            raise UserError(WHERE, f"{name} is {type(p).__name__}, no tensor", remedy)
        if is_lazy(p):
            what = f"{name} has no shape yet"
            raise UserError(WHERE, what, "run the model once before it is watched")
        if p.is_meta:
            what = f"{name} is on the meta device and holds no numbers"
            raise UserError(WHERE, what, "move the model to a real device first")
    if not named:
        raise UserError(WHERE, "it has no parameter that is trained", remedy)
    return Weights(named)


def unwrapped(model: Any) -> Any:
    """What torch's data parallelism, or its compiler, was given: names are those of that model."""
    while isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        model = model.module
    return getattr(model, "_orig_mod", model)


class Step:
    """One step of a loop: the parameters as they were before it, and what became of them.

    ``look`` is called once their gradients are there and the update is made.
    """

    @torch.no_grad()
    def __init__(self, weights: Weights):
        self._weights = weights
        self._before = [p.detach().clone() for p in weights.named.values()]
        self._place = {id(p): i for i, p in enumerate(weights.named.values())}
        self._gradient = np.full(len(self._before), np.nan)
        self._pushed = np.zeros(len(self._before))
        self._stayed = np.zeros(len(self._before))

    def look(self, parameters: Iterable[Tensor]) -> None:
        """See the gradients of parameters, those that were seen before or are not watched aside."""
        found: list[tuple[int, Tensor]] = []
        with torch.no_grad():
            for p in parameters:
                i = self._place.get(id(p))
                if i is None or p.grad is None or not np.isnan(self._gradient[i]):
                    continue
                found.append((i, self._tell(i, p, p.grad)))
        for i, told in found:
            self._gradient[i], self._pushed[i], self._stayed[i] = told.tolist()

    def look_at_rest(self) -> None:
        """See those that nobody has shown: of a loop without an optimiser of torch."""
        self.look(self._weights.named.values())

    def _tell(self, i: int, p: Tensor, gradient: Tensor) -> Float[Tensor, " 3"]:
        """Its norm; how many entries are not 0, and how many of these stay as they are."""
        if gradient.is_sparse:  # of an embedding: rows without a gradient are not there
            gradient = gradient.to_dense()
        pushed = gradient != 0
        stayed = pushed & (p.detach() == self._before[i])
        counts = [pushed.sum(), stayed.sum()]
        return torch.stack([_norm(gradient), *(n.to(_double(gradient)) for n in counts)])

    def measured(self) -> dict[str, Any]:
        """Norms of the parameters before the step and of their gradients, by module too; the share
        of stalled updates.  nan where no gradient was seen."""
        with torch.no_grad():
            norms = np.array([_norm(x).item() for x in self._before])
        weights, gradient = self._weights, self._gradient
        seen = not np.isnan(gradient).all()
        pushed = self._pushed.sum()
        return {
            "norm": np.linalg.norm(norms),
            "module_norm": weights.by_module(norms),
            "gradient_norm": np.linalg.norm(np.nan_to_num(gradient)) if seen else np.nan,
            "module_gradient_norm": weights.by_module(gradient),
            "stalled": self._stayed.sum() / pushed if pushed else np.nan,
        }


def _double(x: Tensor) -> torch.dtype:
    """What sums of it are made in: squares of a small gradient leave the range of float32."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def _norm(x: Tensor) -> Float[Tensor, ""]:
    x = torch.view_as_real(x) if x.is_complex() else x
    return torch.linalg.vector_norm(x, dtype=_double(x))
