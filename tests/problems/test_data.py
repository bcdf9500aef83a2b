import sys

import numpy as np
import pytest

from companion.problems import LeastSquares, breast_cancer, digits, sparse_logistic, wilson


@pytest.mark.parametrize(("load", "n", "d"), [(breast_cancer, 569, 30), (digits, 1797, 64)])
def test_split_is_of_the_right_size_and_depends_on_the_seed_alone(load, n, d):
    data, again, other = load(seed=1), load(seed=1), load(seed=2)
    assert data.X.shape == (n - round(n / 4), d)
    assert data.X_test.shape == (round(n / 4), d)
    assert data.y.shape + data.y_test.shape == (n - round(n / 4), round(n / 4))
    assert (data.X == again.X).all()
    assert (data.y != other.y).any()
    assert len(load(test=0).y_test) == 0


def test_standardized_by_the_training_part_alone():
    data, raw = breast_cancer(), breast_cancer(standardize=False)
    np.testing.assert_allclose(data.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.X.std(axis=0), 1)
    assert abs(data.X_test.mean(axis=0)).max() > 0.01
    mean, scale = raw.X.mean(axis=0), raw.X.std(axis=0)
    np.testing.assert_allclose(data.X_test, (raw.X_test - mean) / scale)
    scales = raw.X.std(axis=0)
    assert scales.max() / scales.min() > 1e5


def test_features_take_the_dtype_asked_for():
    assert digits(dtype=np.float32).X.dtype == sparse_logistic(9, 3, dtype=np.float32).X.dtype
    assert digits().X.max() == 1


def test_missing_scikit_learn_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"digits needs scikit-learn: .*\[data\]"):
        digits()


def test_sparse_features_have_their_frequencies():
    data = sparse_logistic(n=20000, d=50, seed=3)
    wanted = np.minimum(0.5, 1 / np.arange(1, 51))
    error = np.sqrt(wanted * (1 - wanted) / 20000)
    assert (abs(data.X.mean(axis=0) - wanted) < 4.5 * error).all()
    assert set(np.unique(data.X)) == {0, 1}
    assert set(np.unique(data.y)) == {0, 1}
    assert (data.X_test != data.X).any()


def test_wilson_rows_are_those_of_the_source():
    data = wilson(2, 1)
    assert data.X.shape == (3, 18)
    assert data.y.tolist() == [1, 1, -1]
    assert np.flatnonzero(data.X[1]).tolist() == [0, 1, 2, 8]
    assert np.flatnonzero(data.X[2]).tolist() == [0, 1, 2, 13, 14, 15, 16, 17]
    assert data.X[2, 0] == -1
    assert (data.X_test[:, :3] == data.X[:, :3]).all()
    assert not data.X_test[:, 3:].any()


def test_wilson_least_norm_generalizes_and_the_sign_solution_does_not():
    data = wilson()
    problem = LeastSquares(data.X, data.y)
    shortest, sign = problem.solve(), np.sign(data.X.T @ data.y)
    assert problem.accuracy(shortest) == problem.accuracy(sign) == 1
    assert problem.accuracy(shortest, data.X_test, data.y_test) == 1
    assert problem.accuracy(sign, data.X_test, data.y_test) == 40 / 60  # all called positive


def test_share_to_test_on_is_checked():
    with pytest.raises(ValueError, match="test=1, wanted a share"):
        digits(test=1)
