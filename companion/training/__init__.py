"""Training: mini-batches, stopping criteria, history, sweeps over learning rates."""

from companion.training.history import History, Snapshot
from companion.training.loop import effective_rate, minimize
from companion.training.stopping import GradientNorm, LossBelow, Plateau, TimeLimit
from companion.training.sweep import Sweep, sweep

__all__ = [
    "GradientNorm",
    "History",
    "LossBelow",
    "Plateau",
    "Snapshot",
    "Sweep",
    "TimeLimit",
    "effective_rate",
    "minimize",
    "sweep",
]
