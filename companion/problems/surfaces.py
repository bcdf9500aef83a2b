"""Functions of a few variables whose landscape can be drawn or solved by hand."""

import math
from abc import abstractmethod
from types import ModuleType
from typing import Any

import numpy as np

from companion._typing import Array
from companion.problems._base import Problem, floating


class Quadratic(Problem):
    r"""A quadratic bowl, where the theory of step sizes is exact.

    .. math:: f(w) = \tfrac12 w^\top A w, \qquad \nabla f(w) = A w

    Parameters
    ----------
    A
        A symmetric matrix of shape (d, d), or a vector of its d eigenvalues.
    angle
        For two eigenvalues: turn the axes by this angle, in radians, counter-clockwise.
    start
        Parameters to start from, of shape (d,); all ones by default.
    dtype, xp
        Dtype and module (``numpy`` or ``cupy``) of the arrays; those of ``start`` by default.

    Attributes
    ----------
    A
        The matrix.
    eigenvalues
        Its eigenvalues, ascending, as a NumPy array.
    L, mu
        The greatest absolute eigenvalue, which bounds the curvature (gradient descent is
        stable for rates below ``2 / L``), and the least eigenvalue.
    condition_number
        ``L / mu``; infinite where ``mu <= 0``.

    References
    ----------
    Goodfellow et al. (2016), section 4.3.

    Examples
    --------
    >>> bowl = Quadratic([0.2, 4.0], start=(-5, -2))
    >>> bowl.loss(bowl.start), bowl.gradient(bowl.start)
    (10.5, array([-1., -8.]))
    >>> bowl.L, bowl.mu, bowl.condition_number
    (4.0, 0.2, 20.0)
    """

    def __init__(
        self,
        A: Any,
        angle: float = 0.0,
        *,
        start: Any = None,
        dtype: Any = None,
        xp: ModuleType | None = None,
    ) -> None:
        matrix = floating("A", A, dtype=np.float64, xp=np) if not hasattr(A, "get") else A.get()
        if matrix.ndim == 1:
            matrix = np.diag(matrix)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
            raise ValueError(f"A has the shape {matrix.shape}, wanted (d,) or (d, d) with d >= 1")
        if not np.array_equal(matrix, matrix.T):
            raise ValueError("A is not symmetric")
        if angle:
            if matrix.shape != (2, 2):
                raise ValueError(f"angle={angle!r} turns 2 dimensions, and A has {len(matrix)}")
            c, s = math.cos(angle), math.sin(angle)
            turn = np.array([[c, -s], [s, c]])
            matrix = turn @ matrix @ turn.T
            matrix = (matrix + matrix.T) / 2  # exactly symmetric again
        if start is None:
            start = np.ones(len(matrix))
        self._start = floating("start", start, dtype=dtype, xp=xp)
        if self._start.shape != matrix.shape[:1]:
            raise ValueError(f"start has the shape {self._start.shape}, wanted {matrix.shape[:1]}")
        self.A = self.xp.asarray(matrix, dtype=self._start.dtype)
        self.eigenvalues = np.linalg.eigvalsh(matrix)
        self.mu = float(self.eigenvalues[0])
        self.L = float(np.abs(self.eigenvalues).max())
        self.condition_number = self.L / self.mu if self.mu > 0 else math.inf
        if self.mu > 0:
            self.minimizer, self.minimum = self.xp.zeros_like(self._start), 0.0
        elif self.mu < 0:
            self.minimum = -math.inf

    def loss(self, params: Array, batch: Array | None = None) -> float:
        """Return f at ``params``, of shape (d,)."""
        self._no_batch(batch)
        w = self._vector(params)
        return float(w @ self.A @ w) / 2

    def gradient(self, params: Array, batch: Array | None = None) -> Array:
        """Return the gradient at ``params``, of shape (d,)."""
        self._no_batch(batch)
        w = self._vector(params)
        return (self.A @ w).astype(w.dtype, copy=False)

    def values(self, x: Array, y: Array) -> Array:
        """Return f at the points (x, y), elementwise; for two dimensions."""
        if self.A.shape != (2, 2):
            raise ValueError(f"values(x, y) is for 2 dimensions, and A has {len(self.A)}")
        (a, b), (_, c) = self.A
        return (a * x * x + 2 * b * x * y + c * y * y) / 2


class Saddle(Quadratic):
    r"""A saddle: a minimum along x, a maximum along y.

    .. math:: f(x, y) = \tfrac12 (x^2 - y^2), \qquad \nabla f = (x, -y)

    It has no minimum; what counts is how soon a method leaves the point (0, 0).

    Parameters
    ----------
    start
        Where to start, near the ridge by default: (1, 1e-8).
    dtype, xp
        As for :class:`Quadratic`.
    """

    def __init__(
        self, *, start: Any = (1.0, 1e-8), dtype: Any = None, xp: ModuleType | None = None
    ) -> None:
        super().__init__([1.0, -1.0], start=start, dtype=dtype, xp=xp)


class Surface(Problem):
    """A function of two variables, given by its values and partial derivatives.

    Parameters
    ----------
    start
        Parameters to start from, of shape (2,).
    dtype, xp
        Dtype and module (``numpy`` or ``cupy``) of the arrays; those of ``start`` by default.
    """

    def __init__(self, *, start: Any, dtype: Any = None, xp: ModuleType | None = None) -> None:
        self._start = floating("start", start, dtype=dtype, xp=xp)
        if self._start.shape != (2,):
            raise ValueError(f"start has the shape {self._start.shape}, wanted (2,)")

    @abstractmethod
    def values(self, x: Array, y: Array) -> Array:
        """Return f at the points (x, y), elementwise."""

    @abstractmethod
    def partials(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return the derivatives by x and by y at the points (x, y), elementwise."""

    def loss(self, params: Array, batch: Array | None = None) -> float:
        """Return f at ``params``, of shape (2,)."""
        self._no_batch(batch)
        x, y = self._vector(params)
        return float(self.values(x, y))

    def gradient(self, params: Array, batch: Array | None = None) -> Array:
        """Return the gradient at ``params``, of shape (2,)."""
        self._no_batch(batch)
        x, y = self._vector(params)
        return self.xp.stack(self.partials(x, y))


class Rosenbrock(Surface):
    r"""A curved, flat valley: quick to enter, slow to follow.

    .. math::

        f(x, y) = (a - x)^2 + b\,(y - x^2)^2, \qquad
        \nabla f = \bigl(-2(a - x) - 4 b x (y - x^2),\; 2 b (y - x^2)\bigr)

    Parameters
    ----------
    a, b
        The minimum is 0 at (a, a²); b > 0 is the steepness of the walls.
    start, dtype, xp
        As for :class:`Surface`; the start is (-1.2, 1) by default, as in the source.

    References
    ----------
    Rosenbrock (1960), *An automatic method for finding the greatest or least value of a
    function*.
    """

    def __init__(
        self,
        a: float = 1.0,
        b: float = 100.0,
        *,
        start: Any = (-1.2, 1.0),
        dtype: Any = None,
        xp: ModuleType | None = None,
    ) -> None:
        super().__init__(start=start, dtype=dtype, xp=xp)
        if not b > 0:
            raise ValueError(f"b={b!r}, wanted a number > 0")
        self.a, self.b = a, b
        self.minimizer = self.xp.array([a, a * a], dtype=self._start.dtype)
        self.minimum = 0.0

    def values(self, x: Array, y: Array) -> Array:
        """Return f at the points (x, y), elementwise."""
        u, v = self.a - x, y - x * x
        return u * u + self.b * v * v

    def partials(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return the derivatives by x and by y at the points (x, y), elementwise."""
        v = y - x * x
        return -2 * (self.a - x) - 4 * self.b * x * v, 2 * self.b * v


class Beale(Surface):
    r"""Sharp peaks at the corners and a plateau between them.

    .. math::

        f(x, y) = \sum_{k=1}^{3} e_k^2, \qquad e_k = c_k - x + x y^k, \qquad
        c = (1.5,\ 2.25,\ 2.625)

    .. math::

        \nabla f = \Bigl(\sum_k 2 e_k (y^k - 1),\; \sum_k 2 e_k\, k\, x\, y^{k-1}\Bigr)

    The minimum is 0 at (3, 0.5).

    Parameters
    ----------
    start, dtype, xp
        As for :class:`Surface`; the start is (1, 1.5) by default.

    References
    ----------
    Moré, Garbow & Hillstrom (1981), *Testing unconstrained optimization software*,
    problem 5, which is E. M. L. Beale's, of 1958.
    """

    targets = (1.5, 2.25, 2.625)

    def __init__(
        self, *, start: Any = (1.0, 1.5), dtype: Any = None, xp: ModuleType | None = None
    ) -> None:
        super().__init__(start=start, dtype=dtype, xp=xp)
        self.minimizer = self.xp.array([3.0, 0.5], dtype=self._start.dtype)
        self.minimum = 0.0

    def values(self, x: Array, y: Array) -> Array:
        """Return f at the points (x, y), elementwise."""
        return sum((c - x + x * y**k) ** 2 for k, c in enumerate(self.targets, 1))

    def partials(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return the derivatives by x and by y at the points (x, y), elementwise."""
        errors = [(k, c - x + x * y**k) for k, c in enumerate(self.targets, 1)]
        return (
            sum(2 * e * (y**k - 1) for k, e in errors),
            sum(2 * e * k * x * y ** (k - 1) for k, e in errors),
        )
