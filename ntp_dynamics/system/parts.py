"""Functions that only become part of other compiled ones, without machine code of their own.

Numba makes for every function machine code and two ways to call it from outside.  Of one that is
always inlined nobody needs either: left out, a kernel of a hundred small functions compiles in half
the time.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, PassManager, register_pass
from numba.core.typed_passes import NativeLowering


class PartLibrary(JITCodeLibrary):
    """What is compiled of a part: linked into its callers, and never run."""

    def _optimize_final_module(self) -> None:
        """Left to the callers."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class PartLowering(LoweringPass):
    """Lowers a function for its callers only."""

    _name = "part_lowering"

    def __init__(self) -> None:
        LoweringPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        name = state.func_id.func_qualname
        state.library = PartLibrary(state.targetctx.codegen(), name)
        state.flags.no_compile = True
        NativeLowering().run_pass(state)
        known_by = {}.__getitem__  # a function of its own, that no argument suits
        lowered = state["cr"]
        state.targetctx.insert_user_function(known_by, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=known_by)
        return True


class PartCompiler(CompilerBase):
    """The pipeline of parts."""

    def define_pipelines(self) -> list[PassManager]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        at = next(i for i, (step, _) in enumerate(passes.passes) if step is NativeLowering)
        passes.passes[at] = (PartLowering, PartLowering._name)
        passes.finalize()
        return [passes]


PART: dict[str, Any] = {
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": PartCompiler,
}
"""Settings of numba's for a part."""
WHOLE: dict[str, Any] = {
    "forceinline": False,
    "no_cpython_wrapper": False,
    "pipeline_class": Compiler,
}
"""What else a function is that is called, with the settings of its parts."""
