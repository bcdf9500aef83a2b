"""What a run leaves behind."""

import math
from dataclasses import dataclass

from companion._typing import Array, Tree


@dataclass(frozen=True)
class Snapshot:
    """One moment of a run, as a stopping criterion sees it.

    Attributes
    ----------
    step
        Steps done; 0 at the start.
    loss
        The loss over all samples.
    gradient_norm
        Euclidean norm of the gradient that the next step takes: that of its mini-batch.
    params
        The parameters themselves; look, don't write.
    seconds
        Time since the start of the run.
    """

    step: int
    loss: float
    gradient_norm: float
    params: Tree
    seconds: float


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """The record of one run; its arrays are NumPy's, one entry for each recorded step.

    Attributes
    ----------
    method
        Name of the rule, ``"adam"`` say.
    label
        The optimizer with its first rate and what else was set: ``"Adam(lr=0.1)"``.
    steps
        The recorded steps, from 0, the start, to the last.
    loss
        Loss over all samples, after each of these steps.
    gradient_norm
        Norm of the gradient that was taken next; of its mini-batch, where there is one.
    path
        Parameters as rows of one matrix, or None where they were not recorded.
    rates
        Effective rate of each coordinate in the step just done, rows as in ``path``; the
        first row is NaN.
    metrics
        Further numbers, by name.
    params
        The final parameters.
    reason
        Why the run ended: ``"steps"``, ``"diverged"`` or the criterion that held.
    seconds
        How long it took.
    """

    method: str
    label: str
    steps: Array
    loss: Array
    gradient_norm: Array
    path: Array | None
    rates: Array | None
    metrics: dict[str, Array]
    params: Tree
    reason: str
    seconds: float

    @property
    def final_loss(self) -> float:
        """The last loss, infinite where the run diverged."""
        return math.inf if self.reason == "diverged" else float(self.loss[-1])

    def __repr__(self) -> str:
        return (
            f"{self.label}: loss {self.loss[0]:.6g} -> {self.loss[-1]:.6g} "
            f"in {self.steps[-1]} steps ({self.reason})"
        )
