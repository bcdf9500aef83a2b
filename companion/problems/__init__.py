"""Objectives to minimize, each with a hand-derived gradient.

A problem offers

``start``
    parameters to start from, a fresh copy: an array, or a dict of arrays;
``loss(params, batch=None)``
    the objective, a float;
``gradient(params, batch=None)``
    its gradient, in the structure and dtype of ``params``;
``n``
    the number of samples: 0 for a function without, ``math.inf`` for an expectation;
``sample(rng, size)``
    a random batch: row numbers, or noise. Without a batch, loss and gradient are those of
    all samples, or of the expectation;
``minimizer``, ``minimum``
    the solution, or None where it is not known.

A problem computes in the module, NumPy or CuPy, and the dtype of the arrays it was made
from. Parameters of a wrong shape are a ValueError.

>>> from companion.problems import Rosenbrock
>>> valley = Rosenbrock()
>>> valley.start, valley.minimizer
(array([-1.2,  1. ]), array([1., 1.]))
>>> valley.gradient(valley.minimizer)
array([-0.,  0.])
"""

from companion.problems._base import Problem
from companion.problems.data import Data, breast_cancer, digits, sparse_logistic, wilson
from companion.problems.linear import LeastSquares, LogisticRegression
from companion.problems.networks import MLP, SoftmaxRegression
from companion.problems.stochastic import LinearLosses, Noisy, periodic_linear, plus_minus
from companion.problems.surfaces import Beale, Quadratic, Rosenbrock, Saddle, Surface

__all__ = [
    "MLP",
    "Beale",
    "Data",
    "LeastSquares",
    "LinearLosses",
    "LogisticRegression",
    "Noisy",
    "Problem",
    "Quadratic",
    "Rosenbrock",
    "Saddle",
    "SoftmaxRegression",
    "Surface",
    "breast_cancer",
    "digits",
    "periodic_linear",
    "plus_minus",
    "sparse_logistic",
    "wilson",
]
