"""numpy's PCG64 in machine code: the draws of `numpy.random.Generator`, without a call for each.

A stream is six words: state and increment (high half first), whether half a word is kept, and that
half.  Bounded integers are Lemire's, shuffles take masked words, as numpy draws them (1.17 to 2.x);
a test holds both to it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt64

from ntp_dynamics.studies.next_token.data.compiled import inlined

WORD = 2**64
LOW = np.uint64(2**32 - 1)
ONE, HALF, TOP, TAIL, FULL = (np.uint64(x) for x in (1, 32, 58, 11, 64))
TIMES_HIGH, TIMES_LOW = np.uint64(0x2360ED051FC65DA4), np.uint64(0x4385DF649FCCF645)
ULP = 2.0**-53


def taken(rng: np.random.Generator) -> UInt64[np.ndarray, " 6"]:
    """The stream of a generator.  Raises ValueError where it is not PCG64."""
    state = rng.bit_generator.state
    if state["bit_generator"] != "PCG64":
        raise ValueError(f"a stream of {state['bit_generator']}, not of PCG64")
    words = (divmod(state["state"][name], WORD) for name in ("state", "inc"))
    kept = state["has_uint32"], state["uinteger"]
    return np.array([*next(words), *next(words), *kept], dtype=np.uint64)


def given_back(rng: np.random.Generator, stream: UInt64[np.ndarray, " 6"]) -> None:
    """Put a generator where its stream has come to."""
    high, low, inc_high, inc_low, has, kept = stream.tolist()
    state = {"state": high * WORD + low, "inc": inc_high * WORD + inc_low}
    whole = {"bit_generator": "PCG64", "state": state, "has_uint32": has, "uinteger": kept}
    rng.bit_generator.state = whole


@inlined
def word(stream):
    """The next 64 bits."""
    high, low = stream[0], stream[1]
    a, b = low >> HALF, low & LOW
    c, d = TIMES_LOW >> HALF, TIMES_LOW & LOW
    crossed, other = a * d, b * c
    middle = ((b * d) >> HALF) + (crossed & LOW) + (other & LOW)
    carried = a * c + (crossed >> HALF) + (other >> HALF) + (middle >> HALF)
    product = low * TIMES_LOW
    after = product + stream[3]
    high = carried + high * TIMES_LOW + low * TIMES_HIGH + stream[2]
    if after < product:
        high += ONE
    stream[0], stream[1] = high, after
    mixed, turn = high ^ after, high >> TOP
    return (mixed >> turn) | (mixed << ((FULL - turn) & (FULL - ONE)))


@inlined
def half(stream):
    """The next 32 bits; the other half of a word is kept."""
    if stream[4]:
        stream[4] = np.uint64(0)
        return stream[5]
    bits = word(stream)
    stream[4], stream[5] = ONE, bits >> HALF
    return bits & LOW


@inlined
def share(stream):
    """As `Generator.random()`."""
    return np.float64(word(stream) >> TAIL) * ULP


@inlined
def below(stream, size):
    """As `Generator.integers(size)`; one of one is no draw."""
    if size <= 1:
        return 0
    many = np.uint64(size)
    drawn = half(stream) * many
    if (drawn & LOW) < many:
        least = (LOW - many + ONE) % many
        while (drawn & LOW) < least:
            drawn = half(stream) * many
    return np.int64(drawn >> HALF)


@inlined
def shuffle(stream, x, size):
    """As `Generator.shuffle(x[:size])`."""
    for i in range(size - 1, 0, -1):
        last = np.uint64(i)
        mask = ONE
        while mask < last:
            mask = (mask << ONE) | ONE
        drawn = half(stream) & mask
        while drawn > last:
            drawn = half(stream) & mask
        j = np.int64(drawn)
        x[i], x[j] = x[j], x[i]
