"""Adaptive learning rates, each written once as its algorithm box reads.

>>> import numpy as np
>>> from companion import Adam
>>> w = np.array([1.0, -2.0])
>>> optimizer = Adam(w, lr=0.1)
>>> optimizer.step(grads=2 * w)  # the gradient of w @ w; w changes in place
>>> w
array([ 0.9, -1.9])

The rules themselves are in :mod:`companion.rules`. ``companion.problems``,
``companion.training``, ``companion.plots`` and ``companion.symbolic`` are imported on
their own; ``import companion`` needs NumPy alone.
"""

from companion import rules
from companion.optimizers import (
    AdaGrad,
    Adam,
    AMSGrad,
    GradientDescent,
    Momentum,
    Optimizer,
    RMSProp,
)
from companion.packing import pack

__all__ = [
    "AMSGrad",
    "AdaGrad",
    "Adam",
    "GradientDescent",
    "Momentum",
    "Optimizer",
    "RMSProp",
    "pack",
    "rules",
]
