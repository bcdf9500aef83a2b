"""Central finite differences: a gradient that knows nothing of ours."""

import numpy as np


def numerical_gradient(loss, params, h=1e-6):
    """Differentiate a loss of a float64 array, or a dict of them, entry by entry."""
    if isinstance(params, dict):
        return {
            key: numerical_gradient(lambda a, key=key: loss({**params, key: a}), params[key], h)
            for key in params
        }
    gradient = np.zeros_like(params)
    for index in np.ndindex(params.shape):
        step = np.zeros_like(params)
        step[index] = h
        gradient[index] = (loss(params + step) - loss(params - step)) / (2 * h)
    return gradient


def assert_gradient(problem, params, batch=None, atol=2e-7):
    """Compare a problem's gradient with finite differences."""
    found = problem.gradient(params, batch)
    wanted = numerical_gradient(lambda p: problem.loss(p, batch), params)
    if not isinstance(params, dict):
        found, wanted = {"": found}, {"": wanted}
    assert found.keys() == wanted.keys()
    for key in wanted:
        np.testing.assert_allclose(found[key], wanted[key], rtol=1e-6, atol=atol, err_msg=key)
