"""Parts of kernels compute what numba alone computes, and no machine code is made of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from ntp_dynamics.system.parts import PART, PartLibrary


def hypotenuse(x, y):
    return math.sqrt(x * x + y * y)


def total(part, x):
    """A function that has a part, and the part."""
    inner = njit(**part)(hypotenuse)

    @njit
    def whole(x):
        sum_ = 0.0
        for i in range(len(x)):
            sum_ += inner(x[i], 1.0)
        return sum_

    return whole(x), inner


def test_a_part_computes_the_same_bits_as_a_function_of_its_own():
    x = np.random.default_rng(0).normal(size=101)
    assert total(PART, x)[0] == total({}, x)[0] == sum(hypotenuse(a, 1.0) for a in x)


def test_a_part_has_no_machine_code():
    _, part = total(PART, np.ones(3))
    (compiled,) = part.overloads.values()
    assert isinstance(compiled.library, PartLibrary)
    defined = [function.name for function in compiled.library.get_defined_functions()]
    assert len(defined) == 1  # nothing by which Python or C could call it


def test_two_parts_of_one_signature_are_told_apart():
    plus, minus = njit(**PART)(lambda x, y: x + y), njit(**PART)(lambda x, y: x - y)

    @njit
    def both(x, y):
        return plus(x, y), minus(x, y)

    assert both(5.0, 3.0) == (8.0, 2.0)


def test_a_part_is_not_called_from_python_once_it_is_one():
    _, part = total(PART, np.ones(3))
    with pytest.raises((TypeError, KeyError)):
        part(1.0, 1.0)
