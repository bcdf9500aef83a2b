"""Problems whose gradients are samples: noise, and losses that take turns."""

import math
from types import ModuleType
from typing import Any

import numpy as np

from companion._typing import Array
from companion.problems._base import Problem, Random, floating, nonnegative, row_numbers


class Noisy(Problem):
    r"""A problem seen through Gaussian gradient noise.

    .. math::

        F(w, \xi) = f(w) + \xi^\top w, \qquad \nabla F(w, \xi) = \nabla f(w) + \xi, \qquad
        \xi \sim N(0, \sigma^2 I)

    The noise is the sample, so that a run is reproducible: :meth:`sample` draws a batch,
    and ``gradient(params, batch)`` is the noisy gradient. Without a batch, loss and
    gradient are the expectation, those of the problem itself.

    Parameters
    ----------
    problem
        Any problem whose parameters are one array.
    sigma
        Standard deviation of one sample, in each coordinate; a batch of m samples has
        ``sigma / sqrt(m)``.

    Examples
    --------
    >>> import numpy as np
    >>> from companion.problems import Quadratic
    >>> bowl = Noisy(Quadratic([1.0], start=[3.0]), sigma=1.0)
    >>> bowl.gradient(bowl.start)
    array([3.])
    >>> noise = bowl.sample(np.random.default_rng(0), 1)
    >>> bowl.gradient(bowl.start, noise) - noise
    array([3.])
    """

    n = math.inf

    def __init__(self, problem: Problem, sigma: float = 1.0) -> None:
        self._start = problem.start
        if isinstance(self._start, dict | list | tuple):
            raise TypeError("Noisy wants a problem whose parameters are one array")
        self.problem, self.sigma = problem, nonnegative("sigma", sigma)
        self.minimizer, self.minimum = problem.minimizer, problem.minimum

    def loss(self, params: Array, batch: Array | None = None) -> float:
        """Return F at ``params`` for a batch of noise, by default its expectation f."""
        loss = self.problem.loss(params)
        return loss if batch is None else loss + float(self.xp.vdot(batch, params))

    def gradient(self, params: Array, batch: Array | None = None) -> Array:
        """Return the gradient with a batch's noise, by default without any."""
        gradient = self.problem.gradient(params)
        if batch is None:
            return gradient
        return gradient + self._vector(batch, "batch").astype(gradient.dtype, copy=False)

    def values(self, x: Array, y: Array) -> Array:
        """Return the expectation at the points (x, y), for problems of two variables."""
        return self.problem.values(x, y)  # type: ignore[attr-defined]

    def sample(self, rng: Random, size: int) -> Array:
        """Draw the mean noise of ``size`` samples, in the shape of the parameters."""
        scale = self.sigma / math.sqrt(size)
        noise = rng.normal(scale=scale, size=self._start.shape)
        return self.xp.asarray(noise.astype(self._start.dtype))

    def project(self, params: Array) -> None:
        """Project as the problem itself does."""
        self.problem.project(params)


class LinearLosses(Problem):
    r"""Straight lines that take turns, on an interval.

    .. math::

        f(x) = \frac1n \sum_{i=1}^n c_i\, x, \qquad \nabla f_i(x) = c_i, \qquad
        x \in [\text{low}, \text{high}]

    Train with ``batch_size=1, sampling="cycle"`` to take them in order.

    Parameters
    ----------
    slopes
        The gradients c, of shape (n,).
    bounds
        ``(low, high)``; :meth:`project` keeps x between them.
    start
        Where to start; the parameter has the shape (1,).
    dtype, xp
        Dtype and module (``numpy`` or ``cupy``) of the arrays.
    """

    def __init__(
        self,
        slopes: Any,
        *,
        bounds: tuple[float, float] = (-math.inf, math.inf),
        start: float = 0.0,
        dtype: Any = np.float64,
        xp: ModuleType = np,
    ) -> None:
        self.slopes = floating("slopes", slopes, dtype=dtype, xp=xp)
        if self.slopes.ndim != 1 or not self.slopes.size:
            raise ValueError(f"slopes has the shape {self.slopes.shape}, wanted (n,) with n >= 1")
        low, high = bounds
        if not low <= start <= high:
            raise ValueError(f"start={start!r} lies outside the bounds {bounds}")
        self.bounds, self.n = bounds, len(self.slopes)
        self._start = xp.full(1, start, dtype=dtype)
        mean = float(self.slopes.mean())
        best = low if mean > 0 else high
        if math.isfinite(best):
            self.minimizer, self.minimum = xp.full(1, best, dtype=dtype), mean * best

    def _slope(self, batch: Array | None) -> Array:
        if batch is None:
            return self.slopes.mean()
        return self.slopes[row_numbers(batch, self.xp)].mean()

    def loss(self, params: Array, batch: Array | None = None) -> float:
        """Return the mean of the lines at ``params``, of shape (1,)."""
        return float(self._slope(batch) * self._vector(params)[0])

    def gradient(self, params: Array, batch: Array | None = None) -> Array:
        """Return the mean slope, of shape (1,)."""
        x = self._vector(params)
        return self.xp.zeros_like(x) + self._slope(batch).astype(x.dtype)

    def project(self, params: Array) -> None:
        """Clip x, in place, to the bounds."""
        self.xp.clip(params, *self.bounds, out=params)


def plus_minus(**options: Any) -> LinearLosses:
    """Hinton's example for RMSProp: nine gradients of +0.1, then one of -0.9.

    Their mean is zero, so a fair method stays; one that follows the sign drifts away.

    Parameters
    ----------
    **options
        ``start``, ``dtype``, ``xp`` of :class:`LinearLosses`.

    References
    ----------
    Tieleman & Hinton (2012), *Neural networks for machine learning*, lecture 6.5.
    """
    return LinearLosses([0.1] * 9 + [-0.9], **options)


def periodic_linear(C: float = 4.0, **options: Any) -> LinearLosses:
    r"""Reddi, Kale and Kumar's counterexample to Adam: Cx once, then -x twice, on [-1, 1].

    .. math:: f_t(x) = C x \text{ if } t \bmod 3 = 1, \text{ else } -x

    For C > 2 the mean slope is positive and the best point is -1.

    Parameters
    ----------
    C
        Slope of the first line.
    **options
        ``start`` (1 by default), ``dtype``, ``xp`` of :class:`LinearLosses`.

    References
    ----------
    Reddi, Kale & Kumar (2018), *On the convergence of Adam and beyond*, theorem 1.
    """
    options = {"bounds": (-1.0, 1.0), "start": 1.0, **options}
    return LinearLosses([C, -1.0, -1.0], **options)
