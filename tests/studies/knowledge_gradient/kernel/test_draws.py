"""Draws are Philox-4x32-10 and normal, and each is keyed by what it is for."""

import numpy as np
import pytest
from scipy.special import ndtri

from ntp_dynamics.studies.knowledge_gradient.kernel import draws

# Known answers that are published with Random123: counter, key, output.
ANSWERS = [
    ((0,) * 4, (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), ANSWERS)
def test_the_generator_gives_the_known_answers(counter, key, words):
    found = draws.philox(*(np.uint64(x) for x in (*counter, *key)))
    assert tuple(int(x) for x in found) == words


def test_the_quantile_is_that_of_another_implementation_to_the_last_digits():
    p = np.concatenate([np.linspace(1e-3, 0.999, 500), 10.0 ** -np.arange(4, 17)])
    found = np.array([draws.quantile(x) for x in p])
    np.testing.assert_allclose(found, ndtri(p), rtol=4e-15, atol=1e-16)


def test_normals_have_the_moments_of_normals():
    key = draws.key_of(3)
    x = np.array([draws.normal(key, draws.REWARD, 0, 0, j) for j in range(40_000)])
    moments = [(x**n).mean() for n in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=5 * np.sqrt(96 / 40_000))


def test_a_draw_depends_on_seed_purpose_run_arm_and_number():
    given = (7, draws.REWARD, 2, 3, 4)

    def drawn(seed, purpose, run, arm, number):
        return draws.normal(draws.key_of(seed), purpose, run, arm, number)

    others = [drawn(*(x + (i == at) for i, x in enumerate(given))) for at in range(5)]
    assert len({drawn(*given), *others}) == 6
    assert drawn(*given) == drawn(*given)
