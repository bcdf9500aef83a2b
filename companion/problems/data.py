"""Data sets: two that ship with scikit-learn, two made from a few lines."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from companion._typing import Array


@dataclass(frozen=True)
class Data:
    """Features and labels, split into a part to train on and a part to test on.

    Attributes
    ----------
    X, y
        To train on: shapes (n, d) and (n,).
    X_test, y_test
        To test on: shapes (m, d) and (m,).
    """

    X: Array
    y: Array
    X_test: Array
    y_test: Array


def _split(X: Any, y: Any, test: float, seed: int) -> tuple[Any, ...]:
    if not 0 <= test < 1:
        raise ValueError(f"test={test!r}, wanted a share of the samples, 0 <= test < 1")
    order = np.random.default_rng(seed).permutation(len(y))
    train, rest = order[round(test * len(y)) :], order[: round(test * len(y))]
    return X[train], y[train], X[rest], y[rest]


def _load(name: str) -> tuple[Any, Any]:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError(
            f"{name} needs scikit-learn: pip install 'adaptive-learning-rates[data]'"
        ) from error
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y


def breast_cancer(
    *,
    standardize: bool = True,
    test: float = 0.25,
    seed: int = 0,
    dtype: Any = np.float64,
    xp: ModuleType = np,
) -> Data:
    """Load 569 tumors: 30 features, whose scales differ by five orders; 1 is benign.

    Parameters
    ----------
    standardize
        Give each feature mean 0 and standard deviation 1 over the training part.
    test
        Share of the samples to test on; 0 trains on all.
    seed
        Of the split.
    dtype, xp
        Dtype of the features and module of the arrays.

    References
    ----------
    Wolberg, Street & Mangasarian (1995), *Breast cancer Wisconsin (diagnostic)*, UCI
    Machine Learning Repository.
    """
    X, y, X_test, y_test = _split(*_load("breast_cancer"), test, seed)
    if standardize:
        mean, scale = X.mean(axis=0), X.std(axis=0)
        X, X_test = (X - mean) / scale, (X_test - mean) / scale
    return Data(xp.asarray(X, dtype), xp.asarray(y), xp.asarray(X_test, dtype), xp.asarray(y_test))


def digits(
    *, test: float = 0.25, seed: int = 0, dtype: Any = np.float64, xp: ModuleType = np
) -> Data:
    """Load 1797 images of handwritten digits, 8 by 8 pixels from 0 to 1, in 10 classes.

    Parameters
    ----------
    test, seed, dtype, xp
        As for :func:`breast_cancer`.

    References
    ----------
    Alpaydin & Kaynak (1998), *Optical recognition of handwritten digits*, UCI Machine
    Learning Repository; scikit-learn has its test part.
    """
    X, y, X_test, y_test = _split(*_load("digits"), test, seed)
    X, X_test = X / 16, X_test / 16
    return Data(xp.asarray(X, dtype), xp.asarray(y), xp.asarray(X_test, dtype), xp.asarray(y_test))


def sparse_logistic(
    n: int = 4000,
    d: int = 500,
    *,
    seed: int = 0,
    dtype: Any = np.float64,
    xp: ModuleType = np,
) -> Data:
    r"""Make binary features of very different frequency, as words in a text have.

    .. math::

        P(x_j = 1) = \min(\tfrac12, \tfrac1j), \qquad
        P(y = 1 \mid x) = \sigma(x^\top w^*), \qquad w^* \sim N(0, I)

    The test part is a second draw of n samples.

    Parameters
    ----------
    n, d
        Numbers of samples and features.
    seed, dtype, xp
        As for :func:`breast_cancer`.

    References
    ----------
    After Duchi, Hazan & Singer (2011), section 1.3: rare features, yet informative.
    """
    rng = np.random.default_rng(seed)
    frequency = np.minimum(0.5, 1 / np.arange(1, d + 1))
    weights = rng.normal(size=d)
    parts = []
    for _ in ("train", "test"):
        X = (rng.random((n, d)) < frequency).astype(dtype)
        y = (rng.random(n) < np.exp(-np.logaddexp(0, -X @ weights))).astype(np.int64)
        parts += [xp.asarray(X), xp.asarray(y)]
    return Data(*parts)


def wilson(
    n_plus: int = 40, n_minus: int = 20, *, dtype: Any = np.float64, xp: ModuleType = np
) -> Data:
    """Make the separable data on which adaptive methods generalize worst.

    Feature 1 is the label, -1 or 1; features 2 and 3 are always 1; each sample has
    features of its own, all 1: one where its label is 1, five where it is -1. A test
    sample's own features were never seen, so they are left out of ``X_test``. Use it with
    :class:`LeastSquares`, started at zero.

    Parameters
    ----------
    n_plus, n_minus
        Numbers of samples with label 1 and -1, alike in training and test.
    dtype, xp
        Dtype and module of the arrays.

    References
    ----------
    Wilson et al. (2017), *The marginal value of adaptive gradient methods in machine
    learning*, section 3.3.
    """
    y = np.concatenate([np.ones(n_plus, dtype), -np.ones(n_minus, dtype)])
    X = np.zeros((len(y), 3 + 5 * len(y)), dtype)
    X[:, 0], X[:, 1:3] = y, 1
    X_test = X.copy()
    for i, label in enumerate(y):
        X[i, 3 + 5 * i : 3 + 5 * i + (1 if label > 0 else 5)] = 1
    return Data(*(xp.asarray(array) for array in (X, y, X_test, y)))
