"""Orthonormal embeddings are so to rounding; gaussian ones have unit length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data.embedding import gaussian, orthonormal


def rng(seed):
    return np.random.default_rng(seed)


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_orthonormal_columns_are_orthonormal_to_1e_14(vocab_size, spare, seed):
    found = orthonormal(vocab_size, vocab_size + spare, rng(seed))
    assert found.matrix.shape == (vocab_size + spare, vocab_size)
    product = found.matrix.T @ found.matrix
    np.testing.assert_allclose(product, np.eye(vocab_size), rtol=0, atol=1e-14)
    assert found.orthonormal
    np.testing.assert_array_equal(found.gram, np.eye(vocab_size))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_gaussian_columns_have_unit_length_in_any_dimension(vocab_size, dim, seed):
    found = gaussian(vocab_size, dim, rng(seed))
    assert found.matrix.shape == (dim, vocab_size)
    np.testing.assert_allclose(np.linalg.norm(found.matrix, axis=0), 1, rtol=0, atol=1e-15)
    assert not found.orthonormal
    np.testing.assert_array_equal(found.gram, found.matrix.T @ found.matrix)


def test_gaussian_columns_are_not_orthonormal():
    gram = gaussian(20, 20, rng(0)).gram
    assert np.abs(gram - np.eye(20)).max() > 0.1


@pytest.mark.parametrize("dim", [1, 4])
def test_fewer_dimensions_than_tokens_are_refused(dim):
    with pytest.raises(ValueError, match=f"5 orthonormal vectors do not fit in {dim} dimensions"):
        orthonormal(5, dim, rng(0))


@pytest.mark.parametrize("draw", [orthonormal, gaussian])
def test_equal_generators_draw_equal_embeddings_and_others_do_not(draw):
    np.testing.assert_array_equal(draw(4, 6, rng(1)).matrix, draw(4, 6, rng(1)).matrix)
    assert not np.allclose(draw(4, 6, rng(1)).matrix, draw(4, 6, rng(2)).matrix)


@pytest.mark.parametrize("draw", [orthonormal, gaussian])
def test_no_direction_is_preferred(draw):
    """The mean of a uniform unit vector is 0 and its covariance 1/D; QR without signs fails it."""
    drawn = np.array([draw(3, 3, rng(seed)).matrix for seed in range(4000)])
    assert np.abs(drawn.mean(axis=0)).max() < 0.05
    assert np.abs((drawn**2).mean(axis=0) - 1 / 3).max() < 0.03
