"""A vector of eight doubles as a value inside numba functions.

Numba's own loops over small arrays stay scalar; a value of the machine's vector type does not.  The
type is LLVM's ``<8 x double>`` through llvmlite: no compiler is needed, and machines with narrower
registers split it.  Operators + - * / act lane by lane, also with a float.  Additions may be fused
with multiplications (`contract`), nothing may be reordered: sums have one order everywhere.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending
from numba.core import types
from numba.core.typing import templates
from numba.extending import lower_builtin, models, register_model

from ntp_dynamics.system.parts import PART

intrinsic: Any = extending.intrinsic  # its types do not say that the context is not an argument
infer_global: Any = templates.infer_global

LANES = 8
FLAGS = ("contract", "nsz")
INLINE: dict[str, Any] = {
    **PART,
    "fastmath": set(FLAGS),
    "error_model": "numpy",
    "boundscheck": False,
    "_nrt": False,
}
"""How functions of vectors are compiled: into their callers.

They make no arrays, so nothing counts who holds one: counting costs as much as a step on a small
corpus."""
INLINE_MAKING: dict[str, Any] = {**INLINE, "_nrt": True}
"""The same of functions that make arrays."""

DOUBLE, INT64, INT32 = ir.DoubleType(), ir.IntType(64), ir.IntType(32)
DOUBLES, INTS = ir.VectorType(DOUBLE, LANES), ir.VectorType(INT64, LANES)


class Vector(types.Type):
    """The numba type of eight doubles."""

    def __init__(self) -> None:
        super().__init__(name=f"vector{LANES}")


VECTOR = Vector()


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """Held in a register of the machine."""

    def __init__(self, manager: Any, kind: Any):
        super().__init__(manager, kind, DOUBLES)


def _operator(symbol: Callable[[Any, Any], Any], instruction: str) -> None:
    """Define an operator on two vectors, or on a vector and a float."""

    @infer_global(symbol)
    class _Template(templates.AbstractTemplate):
        key = symbol

        def generic(self, args: Any, kws: Any) -> Any:
            vectors = [isinstance(kind, Vector) for kind in args]
            floats = [isinstance(kind, types.Float) for kind in args]
            if len(args) == 2 and any(vectors) and all(map(operator.or_, vectors, floats)):
                kinds = [VECTOR if is_vector else types.float64 for is_vector in vectors]
                return templates.signature(VECTOR, *kinds)
            return None

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, y = (
            value if isinstance(kind, Vector) else _filled(builder, value)
            for value, kind in zip(args, sig.args, strict=True)
        )
        return getattr(builder, instruction)(x, y, flags=FLAGS)

    for pair in ((Vector, Vector), (Vector, types.Float), (types.Float, Vector)):
        lower_builtin(symbol, *pair)(lower)


for _symbol, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _operator(_symbol, _instruction)


def _filled(builder: Any, x: Any) -> Any:
    nothing = ir.Constant(DOUBLES, ir.Undefined)
    first = builder.insert_element(nothing, x, ir.Constant(INT32, 0))
    return builder.shuffle_vector(
        first, nothing, ir.Constant(ir.VectorType(INT32, LANES), [0] * LANES)
    )


def _place(context: Any, builder: Any, sig: Any, args: Any, array: int, index: Any) -> Any:
    """Address of an element of an argument: no wrap-around, no bounds check."""
    data = context.make_array(sig.args[array])(context, builder, args[array]).data
    return builder.gep(data, [index])


@intrinsic
def fill(typing: Any, x: Any) -> Any:
    """The same float in every lane."""
    return VECTOR(types.float64), lambda context, builder, sig, args: _filled(builder, args[0])


@intrinsic
def load(typing: Any, array: Any, i: Any) -> Any:
    """array[i : i + 8]."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig, args, 0, args[1])
        return builder.load(builder.bitcast(place, DOUBLES.as_pointer()), align=8)

    return VECTOR(array, types.int64), generate


@intrinsic
def store(typing: Any, array: Any, i: Any, x: Any) -> Any:
    """array[i : i + 8] = x."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, sig, args, 0, args[1])
        builder.store(args[2], builder.bitcast(place, DOUBLES.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(array, types.int64, VECTOR), generate


def _index(context: Any, builder: Any, sig: Any, args: Any, i: int) -> Any:
    place = _place(context, builder, sig, args, 1, builder.add(args[2], ir.Constant(INT64, i)))
    return builder.sext(builder.load(place), INT64)


@intrinsic
def gather(typing: Any, array: Any, index: Any, i: Any) -> Any:
    """array[index[i : i + 8]]."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x = ir.Constant(DOUBLES, ir.Undefined)
        for i in range(LANES):
            where = _index(context, builder, sig, args, i)
            value = builder.load(_place(context, builder, sig, args, 0, where))
            x = builder.insert_element(x, value, ir.Constant(INT32, i))
        return x

    return VECTOR(array, index, types.int64), generate


@intrinsic
def gather_from(typing: Any, array: Any, begin: Any, i: Any, j: Any) -> Any:
    """array[begin[i : i + 8] + j]."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x = ir.Constant(DOUBLES, ir.Undefined)
        for i in range(LANES):
            where = builder.add(_index(context, builder, sig, args, i), args[3])
            value = builder.load(_place(context, builder, sig, args, 0, where))
            x = builder.insert_element(x, value, ir.Constant(INT32, i))
        return x

    return VECTOR(array, begin, types.int64, types.int64), generate


@intrinsic
def scatter_add(typing: Any, array: Any, index: Any, i: Any, x: Any) -> Any:
    """array[index[i : i + 8]] += x, lane after lane: indices may coincide."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        for i in range(LANES):
            where = _index(context, builder, sig, args, i)
            place = _place(context, builder, sig, args, 0, where)
            value = builder.extract_element(args[3], ir.Constant(INT32, i))
            builder.store(builder.fadd(builder.load(place), value), place)
        return context.get_dummy_value()

    return types.void(array, index, types.int64, VECTOR), generate


@intrinsic
def where_greater(typing: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    """x where a > b, else y."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[2], args[3])

    return VECTOR(VECTOR, VECTOR, VECTOR, VECTOR), generate


@intrinsic
def where_equal(typing: Any, a: Any, b: Any, x: Any, y: Any) -> Any:
    """x where a == b, else y."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("==", args[0], args[1]), args[2], args[3])

    return VECTOR(VECTOR, VECTOR, VECTOR, VECTOR), generate


@intrinsic
def any_greater(typing: Any, a: Any, b: Any) -> Any:
    """Whether a > b in some lane."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _any(builder, builder.fcmp_ordered(">", args[0], args[1]))

    return types.boolean(VECTOR, VECTOR), generate


@intrinsic
def any_differs(typing: Any, a: Any, b: Any) -> Any:
    """Whether a != b in some lane."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _any(builder, builder.fcmp_unordered("!=", args[0], args[1]))

    return types.boolean(VECTOR, VECTOR), generate


def _any(builder: Any, lanes: Any) -> Any:
    bits = builder.bitcast(lanes, ir.IntType(LANES))
    return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))


@intrinsic
def times(typing: Any, x: Any, y: Any) -> Any:
    """x y of two vectors or two floats, rounded before anything is added to it."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fmul(*args, flags=("nsz",))

    return x(x, y), generate


@intrinsic
def square_root(typing: Any, x: Any) -> Any:
    """sqrt(x), rounded as the machine does."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(DOUBLES, [DOUBLES])
        name = f"llvm.sqrt.v{LANES}f64"
        return builder.call(builder.module.declare_intrinsic(name, fnty=kind), args)

    return VECTOR(VECTOR), generate


@intrinsic
def lane(typing: Any, x: Any, i: Any) -> Any:
    """x[i]."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], builder.trunc(args[1], INT32))

    return types.float64(VECTOR, types.int64), generate


@intrinsic
def shifted_to_exponent(typing: Any, x: Any) -> Any:
    """The low bits of x moved to where a double has its exponent."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], INTS)
        moved = builder.shl(bits, ir.Constant(INTS, [52] * LANES))
        return builder.bitcast(moved, DOUBLES)

    return VECTOR(VECTOR), generate


@intrinsic
def biased_exponent(typing: Any, x: Any) -> Any:
    """The exponent field of a positive double, in the low bits of 2^52."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.lshr(builder.bitcast(args[0], INTS), ir.Constant(INTS, [52] * LANES))
        magic = ir.Constant(INTS, [0x4330000000000000] * LANES)
        return builder.bitcast(builder.or_(bits, magic), DOUBLES)

    return VECTOR(VECTOR), generate


@intrinsic
def fraction(typing: Any, x: Any) -> Any:
    """A positive double with the exponent taken out: between 1 and 2."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], INTS)
        kept = builder.and_(bits, ir.Constant(INTS, [0x000FFFFFFFFFFFFF] * LANES))
        one = ir.Constant(INTS, [0x3FF0000000000000] * LANES)
        return builder.bitcast(builder.or_(kept, one), DOUBLES)

    return VECTOR(VECTOR), generate
