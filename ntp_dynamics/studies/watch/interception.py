"""What a forward pass hands to torch's cross-entropy and attention, seen at recorded steps.

The functions of torch are replaced while a recorded step is under way, in torch's own namespaces
and, under whatever name, in those of the model's code and of the script; each replacement calls the
original and returns what that returns.  Between recorded steps nothing is replaced.  A mode
(`torch.overrides.TorchFunctionMode`) would see a function under any name, but modes end in the
order in which they began, which a loop that enters one of its own around a step would break.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as hooks

Seen = Callable[..., None]


class Interception:
    """Shows calls of functions of torch while it is open, those under ``torch.no_grad()`` aside.

    ``seen`` tells for a function what to call after it, with its result, and the module it was
    called in, beside its own arguments; ``where``: whether that module is to be known.
    """

    def __init__(
        self,
        model: Any,
        seen: Mapping[Callable[..., Any], Seen],
        script: ModuleType | None,
        where: bool,
    ):
        self._seen = seen
        self._names = {id(m): name for name, m in _modules(model)} if where else {}
        spaces = [F, torch, *_code_of(model), *([script] if script else [])]
        made = {function: self._replacement(function) for function in seen}
        self._places = [(*place, made[place[2]]) for place in _places(seen, spaces)]
        self._methods = [(name, made[function]) for name, function in _methods(seen)]
        self._undo: list[Callable[[], None]] = []
        self._inside: list[nn.Module] = []
        self._within = False

    def open(self) -> None:
        """From here on calls are seen."""
        if self._undo:
            return
        self._inside.clear()
        for owner, name, original, replacement in self._places:
            setattr(owner, name, replacement)
            self._undo.append(functools.partial(setattr, owner, name, original))
        for method, replacement in self._methods:
            setattr(Tensor, method, replacement)
            self._undo.append(functools.partial(delattr, Tensor, method))
        if self._names:
            enter = hooks.register_module_forward_pre_hook(self._enter)
            leave = hooks.register_module_forward_hook(self._leave, always_call=True)
            self._undo += [enter.remove, leave.remove]

    def close(self) -> None:
        """Everything is as it was."""
        while self._undo:
            self._undo.pop()()

    def _enter(self, module: nn.Module, _: Any) -> None:
        if not torch.compiler.is_compiling():  # which reads this, and cannot follow it
            self._inside.append(module)

    def _leave(self, module: nn.Module, _: Any, __: Any) -> None:
        if torch.compiler.is_compiling():
            return
        while self._inside and self._inside.pop() is not module:
            pass

    def _replacement(self, original: Callable[..., Any]) -> Callable[..., Any]:
        seen = self._seen[original]

        @functools.wraps(original)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            if torch.compiler.is_compiling():
                return original(*args, **kwargs)
            if self._within or not torch.is_grad_enabled():
                return original(*args, **kwargs)
            self._within = True  # torch's functions call one another
            try:
                result = original(*args, **kwargs)
            finally:
                self._within = False
            if self._undo:
                inside = self._inside[-1] if self._inside else None
                name = "" if inside is None else self._names.get(id(inside), "")
                seen(result, (inside, name), *args, **kwargs)
            return result

        return replacement


def compiled(model: Any) -> bool:
    """Whether torch.compile runs some of it, whose calls nobody sees."""
    return any(
        type(m).__name__ == "OptimizedModule" or m._compiled_call_impl is not None
        for _, m in _modules(model)
    )


def _modules(model: Any) -> list[tuple[str, nn.Module]]:
    return [*model.named_modules()] if isinstance(model, nn.Module) else []


def _code_of(model: Any) -> list[ModuleType]:
    """The Python modules in which the classes of a model stand, torch's own aside."""
    names = dict.fromkeys(type(m).__module__ for _, m in _modules(model))
    found = [sys.modules[name] for name in names if name in sys.modules]
    return [module for module in found if not module.__name__.startswith("torch.")]


def _places(
    functions: Iterable[Callable[..., Any]], namespaces: Iterable[ModuleType]
) -> Iterable[tuple[ModuleType, str, Callable[..., Any]]]:
    """Where each function is looked up when it is called."""
    known = {id(f): f for f in functions}
    for module in dict.fromkeys(namespaces):
        for name, value in [*vars(module).items()]:
            if id(value) in known:
                yield module, name, known[id(value)]


def _methods(
    functions: Iterable[Callable[..., Any]],
) -> Iterable[tuple[str, Callable[..., Any]]]:
    """Those that tensors inherit, and have as methods."""
    for function in functions:
        if getattr(function, "__objclass__", None) is not None:
            yield function.__name__, function
