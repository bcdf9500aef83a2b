"""Whole runs on arrays of another module, which refuses to meet NumPy's, as CuPy does."""

import sys
import types

import numpy as np
import pytest

from companion import Adam, Momentum, plots
from companion.problems import (
    MLP,
    Beale,
    LeastSquares,
    LogisticRegression,
    Noisy,
    Quadratic,
    Rosenbrock,
    Saddle,
    SoftmaxRegression,
    breast_cancer,
    periodic_linear,
    sparse_logistic,
    wilson,
)
from companion.training import minimize


class DeviceArray(np.ndarray):
    """An array that computes with its own kind and numbers only, and comes back by ``get``."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        for array in inputs:
            if isinstance(array, np.ndarray) and not isinstance(array, DeviceArray):
                raise TypeError(f"{ufunc.__name__} mixes a device array with NumPy's")
        plain = [plain_array(array) for array in inputs]
        if out is not None:
            kwargs["out"] = tuple(plain_array(array) for array in out)
        result = getattr(ufunc, method)(*plain, **kwargs)
        return out[0] if out is not None else device(result)

    def __array_function__(self, function, types, args, kwargs):
        raise TypeError(f"np.{function.__name__} called on a device array, wanted xp's")

    def get(self):
        return np.array(self.view(np.ndarray))


def plain_array(value):
    return value.view(np.ndarray) if isinstance(value, DeviceArray) else value


def device(value):
    """Put arrays on the device; as in CuPy, results of no dimension are arrays too."""
    if isinstance(value, np.ndarray | np.generic):
        return np.asarray(value).view(DeviceArray)
    if isinstance(value, tuple | list):
        return type(value)(device(v) for v in value)
    return value


@pytest.fixture
def xp(monkeypatch):
    """Make a module ``device`` with NumPy's functions on device arrays."""
    module = types.ModuleType("device")

    def on_device(name, function):
        def lower(value):
            if isinstance(value, list | tuple):
                return type(value)(lower(v) for v in value)
            if type(value) is np.ndarray and name not in ("array", "asarray"):
                raise TypeError(f"{name} takes device arrays, not NumPy's")
            return plain_array(value)

        def call(*args, **kwargs):
            lowered = {key: lower(value) for key, value in kwargs.items()}
            return device(function(*map(lower, args), **lowered))

        return call

    for name in dir(np):
        if callable(getattr(np, name)) and not isinstance(getattr(np, name), type):
            setattr(module, name, on_device(name, getattr(np, name)))
    monkeypatch.setattr(DeviceArray, "__module__", "device")
    monkeypatch.setitem(sys.modules, "device", module)
    return module


def classification(xp):
    data = sparse_logistic(40, 4, xp=xp)
    return data.X, data.y


PROBLEMS = {
    "quadratic": (lambda xp: Quadratic([1.0, 3.0], 0.3, xp=xp), {}),
    "saddle": (lambda xp: Saddle(xp=xp), {}),
    "rosenbrock": (lambda xp: Rosenbrock(xp=xp), {}),
    "beale": (lambda xp: Beale(xp=xp), {}),
    "noisy": (lambda xp: Noisy(Quadratic([1.0, 2.0], xp=xp)), {}),
    "linear": (lambda xp: periodic_linear(xp=xp), {"batch_size": 1, "sampling": "cycle"}),
    "least squares": (lambda xp: LeastSquares(*classification(xp), l2=0.1), {}),
    "logistic": (
        lambda xp: LogisticRegression(*classification(xp), l2=0.1, intercept=True),
        {"batch_size": 5},
    ),
    "softmax": (lambda xp: SoftmaxRegression(*classification(xp), l2=0.1), {"batch_size": 5}),
    "tanh": (lambda xp: MLP(*classification(xp), 3), {"batch_size": 5, "sampling": "shuffle"}),
    "relu": (lambda xp: MLP(*classification(xp), 3, activation="relu"), {"batch_size": 5}),
}


class DeviceMomentum(Momentum):
    """Momentum on the memory of device arrays, for want of an engine of theirs."""

    def __init__(self, params, **options):
        def lower(tree):
            return (
                {k: plain_array(v) for k, v in tree.items()}
                if isinstance(tree, dict)
                else plain_array(tree)
            )

        object.__setattr__(self, "_lower", lower)
        super().__init__(lower(params), **options)

    def step(self, grads):
        super().step(self._lower(grads))


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_run_on_the_device_is_the_run_on_the_host(xp, name):
    make, arguments = PROBLEMS[name]
    arguments = {"lr": 1e-3, "steps": 5, "record": ["path", "rates"], **arguments}
    there = minimize(make(xp), DeviceMomentum, **arguments)
    here = minimize(make(np), Momentum, **arguments)
    np.testing.assert_array_equal(there.path, here.path)
    np.testing.assert_array_equal(there.loss, here.loss)
    assert type(there.path) is np.ndarray
    leaves = there.params.values() if isinstance(there.params, dict) else [there.params]
    assert all(type(leaf) is DeviceArray for leaf in leaves)


@pytest.mark.parametrize("name", ["least squares", "logistic", "softmax", "tanh"])
def test_predictions_stay_on_the_device(xp, name):
    problem = PROBLEMS[name][0](xp)
    X, y = classification(xp)
    assert type(problem.predict(problem.start, X)) is DeviceArray
    assert problem.accuracy(problem.start, X, y) == PROBLEMS[name][0](np).accuracy(
        PROBLEMS[name][0](np).start
    )


def test_solutions_come_back_to_the_device(xp):
    there, here = (PROBLEMS["logistic"][0](module) for module in (xp, np))
    assert type(there.solve()) is DeviceArray
    np.testing.assert_array_equal(there.solve().get(), here.solve())
    assert there.L == here.L


def test_the_module_is_that_of_the_start(xp):
    assert type(Beale(start=xp.ones(2)).start) is DeviceArray
    assert Beale(start=xp.ones(2)).minimizer.get().tolist() == [3, 0.5]


@pytest.mark.parametrize("load", [breast_cancer, sparse_logistic, wilson])
def test_data_sets_are_made_for_the_device(xp, load):
    there, here = load(xp=xp), load()
    for name in ("X", "y", "X_test", "y_test"):
        assert type(getattr(there, name)) is DeviceArray
        np.testing.assert_array_equal(getattr(there, name).get(), getattr(here, name))


def test_contours_bring_the_grid_to_the_host(xp):
    problem = Rosenbrock(xp=xp)
    run = minimize(problem, DeviceMomentum, lr=1e-4, steps=5)
    here = plots.contours(Rosenbrock(), [minimize(Rosenbrock(), Momentum, lr=1e-4, steps=5)])
    there = plots.contours(problem, [run])
    for a, b in zip(there.axes[0].get_lines(), here.axes[0].get_lines(), strict=True):
        np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())


@pytest.mark.gpu
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_run_on_a_gpu_is_the_run_on_the_host(name):
    cupy = pytest.importorskip("cupy")
    if not cupy.is_available():
        pytest.skip("no CUDA device")
    make, arguments = PROBLEMS[name]
    arguments = {"lr": 1e-3, "steps": 20, "record": ["path"], **arguments}
    there, here = (minimize(make(module), Adam, **arguments) for module in (cupy, np))
    np.testing.assert_allclose(there.path, here.path, rtol=1e-9, atol=1e-12)
