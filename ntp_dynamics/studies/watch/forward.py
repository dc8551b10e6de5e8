"""What a forward pass showed at one recorded step: its logits, and attention by layer.

Of several calls of one kind the first counts: with accumulated gradients the first part of the
batch.  What cannot be measured is told, and costs the loop nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn, softmax

from ntp_dynamics.record.outcome import one_line
from ntp_dynamics.studies.watch import attention
from ntp_dynamics.studies.watch.interception import Interception
from ntp_dynamics.studies.watch.rounding import NotSoftmax, rows_of, sentinel

CROSS_ENTROPY, NLL_LOSS, PRODUCT = F.cross_entropy, F.nll_loss, F.scaled_dot_product_attention
"""Torch's own, whatever stands in their place meanwhile."""
SOFTMAX = (F.softmax, softmax, Tensor.softmax)
ARGUMENTS = {f: [*inspect.signature(f).parameters] for f in (CROSS_ENTROPY, NLL_LOSS)}
DEFAULTS = {"weight": None, "ignore_index": -100, "label_smoothing": 0.0}
Note = Callable[[str], None]
Inside = tuple[nn.Module | None, str]
"""The module that a call is made in, and its name in the model."""


class Forward:
    """Sees calls while it is open; ``note`` is told what could not be measured."""

    def __init__(self, model: Any, note: Note, attends: bool, script: ModuleType | None):
        self._note, self._attends = note, attends
        self._model, self._script = model, script
        self.classifier: dict[str, float] = {}
        """Of `sentinel`; empty where no logits were seen."""
        self.dtype = ""
        """Of the logits."""
        self.layers: dict[str, attention.Seen] = {}
        self._calls = self._watched()

    def _watched(self) -> Interception:
        seen: dict[Callable[..., Any], Callable[..., None]] = {
            CROSS_ENTROPY: self._cross_entropy,
            NLL_LOSS: self._nll_loss,
        }
        if self._attends:
            seen |= {PRODUCT: self._product, **dict.fromkeys(SOFTMAX, self._softmax)}
        return Interception(self._model, seen, self._script, where=self._attends)

    def open(self) -> None:
        """A recorded step begins."""
        self.classifier, self.layers, self.dtype = {}, {}, ""
        self._calls.open()

    def close(self) -> None:
        """It has ended.  Where it had no attention, later ones are not asked for any."""
        self._calls.close()
        if self._attends and not self.layers:
            self._attends = False
            self._calls = self._watched()

    def logits(self, logits: Tensor, targets: Tensor, ignore_index: int = -100, weight: Any = None):
        """Measure logits and targets, as those of torch's cross-entropy."""
        try:
            rows = rows_of(logits, targets, ignore_index)
            self.classifier = sentinel(rows, CROSS_ENTROPY, weight)
            self.dtype = str(logits.dtype).removeprefix("torch.")
        except NotSoftmax as error:
            self._note(f"the rounding of the loss is not measured: {error}")
        except Exception as error:
            self._note(f"the rounding of the loss cannot be measured: {one_line(error)}")

    def _cross_entropy(self, result: Any, inside: Inside, *args: Any, **kwargs: Any) -> None:
        given = _bound(CROSS_ENTROPY, args, kwargs)
        if given["label_smoothing"]:
            self._note("the rounding of the loss is not measured: its labels are smoothed")
        else:
            self._loss(given)

    def _nll_loss(self, result: Any, inside: Inside, *args: Any, **kwargs: Any) -> None:
        self._loss(_bound(NLL_LOSS, args, kwargs))  # log p are logits, too

    def _loss(self, given: Mapping[str, Any]) -> None:
        if not self.classifier and given["input"].requires_grad:
            names = ("input", "target", "ignore_index", "weight")
            self.logits(*(given[name] for name in names))

    def _product(self, result: Any, inside: Inside, *args: Any, **kwargs: Any) -> None:
        names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        more = {name: given[name] for name in ("is_causal", "scale", "enable_gqa") if name in given}
        mask = given.get("attn_mask")
        self._layer(
            inside, lambda: attention.of_product(given["query"], given["key"], mask, **more)
        )

    def _softmax(self, result: Any, inside: Inside, *args: Any, **kwargs: Any) -> None:
        """Attention that a model computes itself: weights (b, h, q, k) over their last axis, in
        torch's own module also (b h, q, k)."""
        given = {**dict(zip(("input", "dim"), args, strict=False)), **kwargs}
        module, weights = inside[0], result
        if given.get("dim") not in (-1, result.ndim - 1):
            return
        if result.ndim == 3 and isinstance(module, nn.MultiheadAttention):
            weights = result.unflatten(0, (-1, module.num_heads))
        if weights.ndim == 4:
            self._layer(inside, lambda: attention.of_weights(weights))

    def _layer(self, inside: Inside, measure: Callable[[], attention.Seen]) -> None:
        name = inside[1] or f"call {sum(x.startswith('call ') for x in self.layers)}"
        if name in self.layers:
            return
        try:
            self.layers[name] = measure()
        except Exception as error:
            self._note(f"attention of {name} cannot be measured: {one_line(error)}")


def _bound(function: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, Any]:
    """Arguments by name, with the defaults of those that are read."""
    return {**DEFAULTS, **dict(zip(ARGUMENTS[function], args, strict=False)), **kwargs}
