"""Criteria that end a run: functions of a :class:`~companion.training.Snapshot`.

Any function that takes a snapshot and returns whether to stop will do; these are the
usual ones. They are asked at each recorded step.
"""

import math
from dataclasses import dataclass, field

from companion.training.history import Snapshot


@dataclass
class GradientNorm:
    """Stop where the gradient is short: its norm is at most ``tolerance``.

    With mini-batches the norm is that of a noisy gradient, and small only by chance.
    """

    tolerance: float

    def __call__(self, now: Snapshot) -> bool:
        """Return whether to stop."""
        return now.gradient_norm <= self.tolerance


@dataclass
class LossBelow:
    """Stop once the loss is at most ``target``."""

    target: float

    def __call__(self, now: Snapshot) -> bool:
        """Return whether to stop."""
        return now.loss <= self.target


@dataclass
class Plateau:
    """Stop once ``patience`` steps have not bettered the best loss by ``improvement``."""

    patience: int = 100
    improvement: float = 0.0
    _best: float = field(default=math.inf, init=False, repr=False)
    _step: int = field(default=0, init=False, repr=False)

    def __call__(self, now: Snapshot) -> bool:
        """Return whether to stop."""
        if now.loss < self._best - self.improvement:
            self._best, self._step = now.loss, now.step
        return now.step - self._step >= self.patience


@dataclass
class TimeLimit:
    """Stop after this many seconds."""

    seconds: float

    def __call__(self, now: Snapshot) -> bool:
        """Return whether to stop."""
        return now.seconds >= self.seconds
