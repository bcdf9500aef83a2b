"""Models of one linear function of the features: least squares and logistic regression."""

from abc import abstractmethod
from functools import cached_property
from typing import Any

import numpy as np

from companion._typing import Array
from companion.problems._base import Samples, host, namespace, nonnegative


class LinearModel(Samples):
    r"""A loss that sees its features only through :math:`z = X w`.

    .. math::

        f(w) = \frac1n \sum_i \ell(z_i, y_i) + \frac\lambda2 \|w\|^2, \qquad
        \nabla f(w) = \frac1n X^\top \ell'(z, y) + \lambda w

    Parameters
    ----------
    X, y
        Features of shape (n, d) and targets of shape (n,).
    l2
        The penalty's weight λ.
    intercept
        Append a feature that is always 1. Its weight, the last, is not penalized.
    """

    curvature: float  # the greatest second derivative of ℓ by z

    def __init__(self, X: Any, y: Any, l2: float = 0.0, *, intercept: bool = False) -> None:
        super().__init__(X, y)
        self.l2, self.intercept = nonnegative("l2", l2), intercept
        xp, dtype = namespace(self.X), self.X.dtype
        if intercept:
            self.X = xp.concatenate([self.X, xp.ones((len(self.X), 1), dtype)], axis=1)
        self._start = xp.zeros(self.X.shape[1], dtype)
        self._penalty = xp.full(self.X.shape[1], self.l2, dtype)
        if intercept:
            self._penalty[-1] = 0

    @abstractmethod
    def _losses(self, z: Array, y: Array) -> Array:
        """Return ℓ for each sample."""

    @abstractmethod
    def _slopes(self, z: Array, y: Array) -> Array:
        """Return the derivative of ℓ by z for each sample."""

    @abstractmethod
    def _curvatures(self, z: Array) -> Array:
        """Return the second derivative of ℓ by z for each sample."""

    def loss(self, params: Array, batch: Array | None = None) -> float:
        """Return the penalized loss at ``params``, of shape (d,)."""
        w = self._vector(params)
        X, y = self.rows(batch)
        return float(self._losses(X @ w, y).mean() + (self._penalty * w) @ w / 2)

    def gradient(self, params: Array, batch: Array | None = None) -> Array:
        """Return the gradient at ``params``, of shape (d,)."""
        w = self._vector(params)
        X, y = self.rows(batch)
        gradient = self._slopes(X @ w, y) @ X / len(y) + self._penalty * w
        return gradient.astype(w.dtype, copy=False)

    def hessian(self, params: Array, batch: Array | None = None) -> Array:
        r"""Return the matrix of second derivatives at ``params``, of shape (d, d).

        .. math:: \frac1n X^\top \operatorname{diag}\bigl(\ell''(z)\bigr) X + \lambda I

        without the penalty for an intercept.
        """
        w = self._vector(params)
        X, _ = self.rows(batch)
        return self._hessian(X, X @ w, self._penalty)

    def _hessian(self, X: Array, z: Array, penalty: Array) -> Array:
        return (X.T * self._curvatures(z)) @ X / len(X) + namespace(X).diag(penalty)

    @cached_property
    def L(self) -> float:  # noqa: N802 - the field's name
        """A bound on the curvature; gradient descent is stable for rates below 2 / L."""
        X = host(self.X).astype(np.float64)
        return float(np.linalg.norm(X, 2) ** 2 / self.n * self.curvature + self.l2)

    def predict(self, params: Array, X: Array | None = None) -> Array:
        """Return z for features of shape (n, d), by default the problem's own."""
        w = self._vector(params)
        if X is None:
            return self.X @ w
        return X @ w[:-1] + w[-1] if self.intercept else X @ w

    def accuracy(self, params: Array, X: Array | None = None, y: Array | None = None) -> float:
        """Return the share of samples where z has the sign of the label: 0 or -1, or 1."""
        y = self.y if y is None else y
        return float(((self.predict(params, X) > 0) == (y > 0)).mean())

    def solve(self) -> Array:
        """Return the minimizer, by Newton's method in float64.

        Where there are many, as there may be for least squares, it is the one nearest to
        zero.

        Raises
        ------
        ValueError
            Where there is none: separable classes without a penalty.
        """
        X, y, penalty = (host(a).astype(np.float64) for a in (self.X, self.y, self._penalty))

        def objective(w: Array) -> float:
            return float(self._losses(X @ w, y).mean() + (penalty * w) @ w / 2)

        w = np.zeros(X.shape[1])
        while True:
            z = X @ w
            gradient = self._slopes(z, y) @ X / len(y) + penalty * w
            step = np.linalg.lstsq(self._hessian(X, z, penalty), gradient)[0]
            decrement = gradient @ step  # twice what a quadratic would still lose
            if decrement <= 1e-14 * objective(np.zeros_like(w)):
                return self.xp.asarray(w - step)
            rate = 1.0
            while objective(w - rate * step) > objective(w) - rate * decrement / 4:
                rate /= 2
            w = w - rate * step


class LeastSquares(LinearModel):
    r"""Linear regression; also a classifier, by the sign of its prediction.

    .. math::

        f(w) = \frac{1}{2n} \|Xw - y\|^2 + \frac\lambda2 \|w\|^2, \qquad
        \nabla f(w) = \frac1n X^\top (Xw - y) + \lambda w

    Parameters
    ----------
    X, y
        Features of shape (n, d) and targets of shape (n,).
    l2, intercept
        As for :class:`LinearModel`.

    References
    ----------
    Goodfellow et al. (2016), section 5.1.4.

    Examples
    --------
    >>> line = LeastSquares([[1.0], [2.0]], [1.0, 2.0])
    >>> line.loss(line.start), line.gradient(line.start), round(line.L, 6)
    (1.25, array([-2.5]), 2.5)
    """

    curvature = 1.0

    def __init__(self, X: Any, y: Any, l2: float = 0.0, *, intercept: bool = False) -> None:
        super().__init__(X, y, l2, intercept=intercept)
        self.y = self.y.astype(self.X.dtype)

    def _losses(self, z: Array, y: Array) -> Array:
        return (z - y) ** 2 / 2

    def _slopes(self, z: Array, y: Array) -> Array:
        return z - y

    def _curvatures(self, z: Array) -> Array:
        return np.ones_like(z)


class LogisticRegression(LinearModel):
    r"""Binary classification with the logistic loss.

    .. math::

        f(w) = \frac1n \sum_i \log\bigl(1 + e^{-y_i x_i^\top w}\bigr)
               + \frac\lambda2 \|w\|^2, \qquad
        \nabla f(w) = -\frac1n \sum_i \sigma(-y_i x_i^\top w)\, y_i x_i + \lambda w

    with labels y of -1 and 1, and :math:`\sigma(u) = 1 / (1 + e^{-u})`. Neither overflows,
    however large the scores.

    Parameters
    ----------
    X, y
        Features of shape (n, d); labels of shape (n,), 0 and 1 or -1 and 1.
    l2, intercept
        As for :class:`LinearModel`.

    References
    ----------
    Hastie, Tibshirani & Friedman (2009), *The elements of statistical learning*,
    section 4.4. scikit-learn's ``C`` is ``1 / (n * l2)``.

    Examples
    --------
    >>> model = LogisticRegression([[1.0], [-2.0]], [1, 0])
    >>> round(model.loss(model.start), 6), model.gradient(model.start)
    (0.693147, array([-0.75]))
    """

    curvature = 0.25

    def __init__(self, X: Any, y: Any, l2: float = 0.0, *, intercept: bool = False) -> None:
        super().__init__(X, y, l2, intercept=intercept)
        values = {float(v) for v in np.unique(host(self.y))}
        if not (values <= {0.0, 1.0} or values <= {-1.0, 1.0}):
            raise ValueError(f"y holds {sorted(values)}, wanted labels 0 and 1 or -1 and 1")
        self.y = self.xp.where(self.y > 0, 1, -1).astype(self.X.dtype)

    def _losses(self, z: Array, y: Array) -> Array:
        return np.logaddexp(0, -y * z)

    def _slopes(self, z: Array, y: Array) -> Array:
        # σ(-u) = exp(-log(1 + e^u)), which cannot overflow
        return -y * np.exp(-np.logaddexp(0, y * z))

    def _curvatures(self, z: Array) -> Array:
        return np.exp(-np.logaddexp(0, z) - np.logaddexp(0, -z))

    def solve(self) -> Array:
        """Return the minimizer; see :meth:`LinearModel.solve`."""
        w = super().solve()
        if not self.l2 and bool((self.y * (self.X @ w) > 0).all()):
            raise ValueError("the classes are separable: without a penalty there is no minimizer")
        return w
