"""Classifiers of several classes: softmax regression and a network with one hidden layer."""

from abc import abstractmethod
from typing import Any

import numpy as np

from companion._typing import Array, Tree
from companion.problems._base import (
    Samples,
    cast_like,
    classes,
    match_dict,
    namespace,
    nonnegative,
)


class Classifier(Samples):
    r"""Scores z of shape (n, K) into the cross-entropy of their softmax.

    .. math::

        \ell(z, y) = \log \sum_k e^{z_k} - z_y, \qquad
        \frac{\partial \ell}{\partial z_k} = \frac{e^{z_k}}{\sum_j e^{z_j}} - [k = y]

    The greatest score is subtracted first, so that nothing overflows.
    """

    def __init__(self, X: Any, y: Any, l2: float) -> None:
        super().__init__(X, y)
        self.y, self.classes = classes(self.y)
        self.l2 = nonnegative("l2", l2)

    @abstractmethod
    def scores(self, params: Tree, X: Array) -> Array:
        """Return the scores z, of shape (n, K), for features of shape (n, d)."""

    def loss(self, params: Tree, batch: Array | None = None) -> float:
        """Return the mean cross-entropy, with the penalty on the weights."""
        params = match_dict(params, self._start)
        X, y = self.rows(batch)
        z = self.scores(params, X)
        z = z - z.max(axis=1, keepdims=True)
        log_sum = self.xp.log(self.xp.exp(z).sum(axis=1))
        fit = (log_sum - z[self.xp.arange(len(y)), y]).mean()
        return float(fit + self.l2 / 2 * sum((params[key] ** 2).sum() for key in self._weights))

    @property
    def _weights(self) -> list[str]:
        return [key for key in self._start if key.startswith("W")]

    def _errors(self, z: Array, y: Array) -> Array:
        """Return the derivative of the mean cross-entropy by z."""
        p = self.xp.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[self.xp.arange(len(y)), y] -= 1
        return p / len(y)

    def predict(self, params: Tree, X: Array | None = None) -> Array:
        """Return the likeliest class of each row."""
        return self.scores(params, self.X if X is None else X).argmax(axis=1)

    def accuracy(self, params: Tree, X: Array | None = None, y: Array | None = None) -> float:
        """Return the share of samples whose class is right, by default the problem's own."""
        return float((self.predict(params, X) == (self.y if y is None else y)).mean())


class SoftmaxRegression(Classifier):
    r"""Linear classification of K classes; convex.

    .. math::

        Z = X W + b, \qquad
        f = \frac1n \sum_i \ell(z_i, y_i) + \frac\lambda2 \|W\|^2

    .. math::

        \nabla_W f = X^\top E + \lambda W, \qquad \nabla_b f = E^\top 1, \qquad
        E = \tfrac1n \bigl(\operatorname{softmax}(Z) - Y\bigr)

    with Y the labels as rows of the unit matrix. The start is zero.

    Parameters
    ----------
    X, y
        Features of shape (n, d); labels 0, 1, ..., K-1 of shape (n,).
    l2
        The penalty's weight λ; the biases are free.

    Attributes
    ----------
    start
        ``{"W": (d, K), "b": (K,)}``, in the dtype of X.

    References
    ----------
    Bishop (2006), *Pattern recognition and machine learning*, section 4.3.4.
    """

    def __init__(self, X: Any, y: Any, l2: float = 0.0) -> None:
        super().__init__(X, y, l2)
        xp, dtype = namespace(self.X), self.X.dtype
        shape = (self.X.shape[1], self.classes)
        self._start = {"W": xp.zeros(shape, dtype), "b": xp.zeros(self.classes, dtype)}

    def scores(self, params: Tree, X: Array) -> Array:
        """Return the scores z, of shape (n, K), for features of shape (n, d)."""
        return X @ params["W"] + params["b"]

    def gradient(self, params: Tree, batch: Array | None = None) -> Tree:
        """Return the gradient, ``{"W": (d, K), "b": (K,)}``."""
        params = match_dict(params, self._start)
        X, y = self.rows(batch)
        E = self._errors(self.scores(params, X), y)
        gradient = {"W": X.T @ E + self.l2 * params["W"], "b": E.sum(axis=0)}
        return cast_like(gradient, params)


class MLP(Classifier):
    r"""A network with one hidden layer of h units; not convex.

    .. math::

        A = X W_1 + b_1, \qquad H = \phi(A), \qquad Z = H W_2 + b_2, \qquad
        f = \frac1n \sum_i \ell(z_i, y_i) + \frac\lambda2 (\|W_1\|^2 + \|W_2\|^2)

    Backwards, with E as for :class:`SoftmaxRegression`:

    .. math::

        \nabla_{W_2} f = H^\top E + \lambda W_2, \quad \nabla_{b_2} f = E^\top 1, \quad
        D = (E W_2^\top) \odot \phi'(A), \quad
        \nabla_{W_1} f = X^\top D + \lambda W_1, \quad \nabla_{b_1} f = D^\top 1

    Parameters
    ----------
    X, y
        Features of shape (n, d); labels 0, 1, ..., K-1 of shape (n,).
    hidden
        Number of hidden units h.
    activation
        φ: ``"tanh"``, or ``"relu"`` with the derivative 0 at 0.
    l2
        The penalty's weight λ; the biases are free.
    seed
        Of the random start: weights uniform with variance ``2 / (fan_in + fan_out)`` for
        tanh, normal with variance ``2 / fan_in`` for relu and ``1 / fan_in`` in the last
        layer; biases zero.

    Attributes
    ----------
    start
        ``{"W1": (d, h), "b1": (h,), "W2": (h, K), "b2": (K,)}``, in the dtype of X.

    References
    ----------
    Goodfellow et al. (2016), section 6.5; Glorot & Bengio (2010), *Understanding the
    difficulty of training deep feedforward neural networks*; He et al. (2015), *Delving
    deep into rectifiers*.
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        hidden: int = 32,
        *,
        activation: str = "tanh",
        l2: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__(X, y, l2)
        if activation not in ("tanh", "relu"):
            raise ValueError(f"activation={activation!r}, wanted 'tanh' or 'relu'")
        if hidden < 1:
            raise ValueError(f"hidden={hidden!r}, wanted an integer >= 1")
        self.activation = activation
        rng = np.random.default_rng(seed)
        d, K = self.X.shape[1], self.classes

        def weights(fan_in: int, fan_out: int, gain: float) -> Array:
            if activation == "relu":
                values = rng.normal(scale=(gain / fan_in) ** 0.5, size=(fan_in, fan_out))
            else:
                limit = (6 / (fan_in + fan_out)) ** 0.5
                values = rng.uniform(-limit, limit, size=(fan_in, fan_out))
            return namespace(self.X).asarray(values, dtype=self.X.dtype)

        zeros = namespace(self.X).zeros
        self._start = {
            "W1": weights(d, hidden, 2),
            "b1": zeros(hidden, self.X.dtype),
            "W2": weights(hidden, K, 1),
            "b2": zeros(K, self.X.dtype),
        }

    def _hidden(self, params: Tree, X: Array) -> Array:
        A = X @ params["W1"] + params["b1"]
        return self.xp.tanh(A) if self.activation == "tanh" else self.xp.maximum(A, 0)

    def scores(self, params: Tree, X: Array) -> Array:
        """Return the scores z, of shape (n, K), for features of shape (n, d)."""
        return self._hidden(params, X) @ params["W2"] + params["b2"]

    def gradient(self, params: Tree, batch: Array | None = None) -> Tree:
        """Return the gradient in the structure of the parameters."""
        params = match_dict(params, self._start)
        X, y = self.rows(batch)
        H = self._hidden(params, X)
        E = self._errors(H @ params["W2"] + params["b2"], y)
        slope = 1 - H * H if self.activation == "tanh" else H > 0
        D = (E @ params["W2"].T) * slope
        gradient = {
            "W1": X.T @ D + self.l2 * params["W1"],
            "b1": D.sum(axis=0),
            "W2": H.T @ E + self.l2 * params["W2"],
            "b2": E.sum(axis=0),
        }
        return cast_like(gradient, params)
