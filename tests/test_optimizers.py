"""Optimizers: structures, hyperparameters, saved states, and the refusal of bad input."""

import inspect

import numpy as np
import pytest

import companion
from companion import AdaGrad, Adam, AMSGrad, GradientDescent, Momentum, Optimizer, RMSProp, rules
from tests.bits import assert_same_bits

EVERY = [GradientDescent, Momentum, AdaGrad, RMSProp, Adam, AMSGrad]
every = pytest.mark.parametrize("cls", EVERY)
engine = pytest.mark.parametrize("engine", ["eager", "numpy", "numba"])


def params():
    return {"W": np.ones((2, 3)), "b": [np.zeros(3), (np.array(2.0),)]}


def grads():
    return {"W": np.full((2, 3), 0.5), "b": [np.ones(3), (np.array(-1.0),)]}


# Values worked by hand from the algorithm boxes, for w = 1, g = 0.5 and then g = -0.25.
BY_HAND = [
    (GradientDescent, {"lr": 0.1}, [0.95, 0.975]),
    (Momentum, {"lr": 0.1}, [0.95, 0.93]),  # v = .5, then .2
    (Momentum, {"lr": 0.1, "nesterov": True}, [0.905, 0.912]),  # .9v + g = .95, then -.07
    (AdaGrad, {"lr": 0.1, "eps": 0.0}, [0.9, 0.9 + 0.025 / np.sqrt(0.3125)]),
    (RMSProp, {"lr": 0.1, "eps": 0.0}, [1 - 0.05 / np.sqrt(0.025), None]),
    (RMSProp, {"lr": 0.1, "eps": 0.09}, [1 - 0.05 / np.sqrt(0.115), None]),
    (RMSProp, {"lr": 0.1, "eps": 0.09, "eps_inside_root": False},
     [1 - 0.05 / (np.sqrt(0.025) + 0.09), None]),
    # s = .05, .02; s_hat = .5, .02/.19; r = .00025, .00031225; r_hat = .25, .00031225/.001999
    (Adam, {"lr": 0.1, "eps": 0.0},
     [0.9, 0.9 - 0.1 * (0.02 / 0.19) / np.sqrt(0.00031225 / 0.001999)]),
    (AMSGrad, {"lr": 0.1, "eps": 0.0, "beta2": 0.5},  # r = .125, .09375; r_max stays .125
     [0.9, 0.9 - 0.1 * (0.02 / 0.19) / np.sqrt(0.125 / 0.75)]),
]  # fmt: skip


@engine
@pytest.mark.parametrize(("cls", "hyperparameters", "expected"), BY_HAND)
def test_steps_worked_by_hand(cls, hyperparameters, expected, engine):
    w = np.array([1.0])
    optimizer = cls(w, engine=engine, **hyperparameters)
    for g, value in zip((0.5, -0.25), expected, strict=True):
        optimizer.step(np.array([g]))
        if value is not None:
            np.testing.assert_allclose(w, value, rtol=1e-14)


@every
def test_defaults_are_those_of_the_rule(cls):
    own = inspect.signature(cls).parameters
    rule = inspect.signature(cls.rule).parameters
    for name, parameter in rule.items():
        if parameter.kind is parameter.KEYWORD_ONLY and name != "t":
            assert own[name].default == parameter.default


def test_defaults_are_those_of_the_source():
    w = np.ones(1)
    assert (AdaGrad(w).lr, AdaGrad(w).eps) == (1e-2, 1e-7)
    rmsprop = RMSProp(w)
    assert (rmsprop.lr, rmsprop.decay, rmsprop.eps) == (1e-3, 0.9, 1e-7)
    assert rmsprop.options == {"eps_inside_root": True}
    adam = Adam(w)
    assert (adam.lr, adam.beta1, adam.beta2, adam.eps) == (1e-3, 0.9, 0.999, 1e-7)
    assert GradientDescent(w).lr == 1e-2


@every
def test_state_has_the_structure_of_params(cls):
    optimizer = cls(params())
    optimizer.step(grads())
    for tree in optimizer.state.values():
        assert tree["W"].shape == (2, 3)
        assert isinstance(tree["b"][1], tuple)
        assert tree["b"][1][0].shape == ()
    assert optimizer.t == 1
    assert f"{cls.__name__}(lr=" in repr(optimizer)


def test_params_change_in_place_and_gradients_do_not():
    w, g = np.ones(5, np.float32), np.full(5, 0.5, np.float32)
    optimizer = Adam(w)
    optimizer.step(g)
    assert optimizer.params is w
    assert (w < 1).all()
    assert (g == 0.5).all()


def test_a_read_only_gradient_and_a_named_tuple_are_welcome():
    from collections import namedtuple

    Layer = namedtuple("Layer", "weight bias")
    layer = Layer(np.ones(3), np.ones(1))
    g = np.broadcast_to(np.float64(0.5), 3)
    assert not g.flags.writeable
    optimizer = RMSProp(layer)
    optimizer.step(Layer(g, np.ones(1)))
    assert isinstance(optimizer.state["r"], Layer)


def test_interleaved_views_do_not_overlap():
    memory = np.ones(10)
    optimizer = GradientDescent([memory[::2], memory[1::2]], lr=1.0)
    optimizer.step([np.full(5, 0.25), np.full(5, 0.5)])
    assert memory.tolist() == [0.75, 0.5] * 5


def test_hyperparameters_can_be_set_between_steps():
    w = np.array([1.0])
    optimizer = GradientDescent(w, lr=0.5)
    optimizer.step(np.ones(1))
    optimizer.lr = np.float32(0.25)
    optimizer.step(np.ones(1))
    assert w == 0.25


# Each row: what is done to an optimizer, the error, and what its message must say.
BAD_STEPS = {
    "shape": (lambda g: g | {"W": np.ones((3, 2))}, ValueError,
              r"grads\['W'\] has shape \(3, 2\), wanted \(2, 3\) like params\['W'\]"),
    "dtype": (lambda g: g | {"W": np.ones((2, 3), np.float32)}, TypeError,
              r"grads\['W'\] has dtype float32, wanted float64 like params\['W'\]"),
    "missing key": (lambda g: {"W": g["W"]}, ValueError,
                    r"grads is a dict with the keys \['W'\], .*\['W', 'b'\]"),
    "length": (lambda g: g | {"b": [np.ones(3)]}, ValueError,
               r"grads\['b'\] is a list of 1, .*params\['b'\]: a list of 2"),
    "array for a list": (lambda g: g | {"b": np.ones(3)}, TypeError,
                         r"grads\['b'\] is an array of shape \(3,\), .*a list of 2"),
    "list for an array": (lambda g: g | {"W": [[0.5] * 3] * 2}, TypeError,
                          r"grads\['W'\] is .* of type list, wanted an array"),
    "number": (lambda g: g | {"b": [1.0, g["b"][1]]}, TypeError,
               r"grads\['b'\]\[0\] is 1.0, of type float, wanted an array"),
    "None": (lambda _: None, TypeError, "grads is None"),
    "masked": (lambda g: g | {"W": np.ma.ones((2, 3))}, TypeError, r"grads\['W'\] is a masked"),
    "nan": (lambda g: g | {"W": np.full((2, 3), np.nan)}, ValueError,
            r"grads\['W'\] is not finite"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_STEPS)
def test_a_bad_step_changes_nothing(case):
    spoil, error, message = BAD_STEPS[case]
    optimizer = Adam(params(), on_nonfinite="raise")
    optimizer.step(grads())
    before = optimizer.state_dict(), [w.copy() for w in optimizer._arrays]
    with pytest.raises(error, match=message):
        optimizer.step(spoil(grads()))
    after = optimizer.state_dict(), optimizer._arrays
    assert before[0]["t"] == after[0]["t"] == 1
    for name in "sr":
        assert_same_bits(before[0]["state"][name]["W"], after[0]["state"][name]["W"])
    for w, w_after in zip(before[1], after[1], strict=True):
        assert_same_bits(w, w_after)


def test_the_last_array_is_checked_before_the_first_is_written():
    first, last = np.ones(3), np.ones(3)
    with pytest.raises(ValueError, match=r"grads\[1\] has shape \(4,\), wanted \(3,\)"):
        GradientDescent([first, last]).step([np.ones(3), np.ones(4)])
    assert (first == 1).all()


def overlapping():
    """Yield a name, parameters, and gradients that share memory with what a step writes."""
    w = np.ones(4)
    yield "the parameter itself", w, w
    yield "a view of it", w, w[::-1]
    yield "its base", w[:2], w[2:].base[:2]
    u, v = np.ones(4), np.ones(4)
    yield "another parameter", [u, v], [v, u]
    raw = bytearray(64)
    w, g = np.frombuffer(raw)[:4], np.frombuffer(raw)[2:6]
    yield "memory of a buffer", w, g


@pytest.mark.parametrize("case", range(5))
def test_gradients_must_not_overlap_what_is_written(case):
    name, params, grads = list(overlapping())[case]
    optimizer = GradientDescent(params)
    with pytest.raises(ValueError, match="overlaps the memory of params"):
        optimizer.step(grads)
    assert optimizer.t == 0, name


def test_a_gradient_must_not_be_a_state():
    optimizer = AdaGrad(np.ones(4))
    with pytest.raises(ValueError, match=r"grads overlaps the memory of state\['r'\]"):
        optimizer.step(optimizer.state["r"])


def read_only():
    w = np.ones(3)
    w.flags.writeable = False
    return w


BAD_PARAMS = {
    "integers": (lambda: np.ones(3, int), TypeError, "params has dtype int64, wanted float16"),
    "complex": (lambda: [np.ones(3, complex)], TypeError, r"params\[0\] has dtype complex128"),
    "byte order": (lambda: np.ones(3, ">f4"), TypeError, "params has dtype >f4, not in native"),
    "long double": (lambda: np.ones(3, "g"), TypeError, "params has dtype float128"),
    "read-only": (lambda: {"w": read_only()}, ValueError, r"params\['w'\] is read-only"),
    "list of numbers": (lambda: [1.0, 2.0], TypeError, r"params\[0\] is 1.0, of type float"),
    "nothing": (dict, ValueError, "params holds no array"),
    "masked": (lambda: np.ma.ones(3), TypeError, "params is a masked array"),
    "itself": (lambda: np.lib.stride_tricks.as_strided(np.ones(4), (4,), (0,)), ValueError,
               "params overlaps itself"),
    "one twice": (lambda: [np.ones(3)] * 2, ValueError,
                  r"params\[1\] overlaps the memory of params\[0\]"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_PARAMS)
def test_bad_params(case):
    make, error, message = BAD_PARAMS[case]
    with pytest.raises(error, match=message):
        Adam(make())


BAD_NUMBERS = [
    (Adam, "lr", -0.1, ValueError, r"lr=-0.1, wanted a finite number >= 0"),
    (Adam, "lr", float("nan"), ValueError, "lr=nan"),
    (Adam, "lr", float("inf"), ValueError, "lr=inf"),
    (Adam, "lr", "0.1", TypeError, "lr='0.1' is of type str, wanted a number"),
    (Adam, "lr", True, TypeError, "lr=True is of type bool"),
    (Adam, "beta1", 1, ValueError, r"beta1=1, wanted a number in \[0, 1\)"),
    (Adam, "beta2", 1.0, ValueError, r"beta2=1.0"),
    (Adam, "beta2", -0.1, ValueError, r"beta2=-0.1"),
    (Momentum, "beta", 1.5, ValueError, r"beta=1.5"),
    (RMSProp, "decay", 1.0, ValueError, r"decay=1.0"),
    (AdaGrad, "eps", -1e-7, ValueError, r"eps=-1e-07"),
]


@pytest.mark.parametrize(("cls", "name", "value", "error", "message"), BAD_NUMBERS)
def test_hyperparameters_out_of_range(cls, name, value, error, message):
    with pytest.raises(error, match=message):
        cls(np.ones(1), **{name: value})
    optimizer = cls(np.ones(1))
    before = getattr(optimizer, name)
    with pytest.raises(error, match=message):
        setattr(optimizer, name, value)
    assert getattr(optimizer, name) == before


def test_misspelled_and_fixed_names_are_refused():
    with pytest.raises(TypeError, match="learning_rate"):
        Adam(np.ones(1), learning_rate=0.1)
    optimizer = RMSProp(np.ones(1))
    for name in ("learning_rate", "eps_inside_root", "t"):
        with pytest.raises(AttributeError, match=f"RMSProp.{name} cannot be set; lr, decay, eps"):
            setattr(optimizer, name, 1)
    with pytest.raises(TypeError, match="eps_inside_root=1, wanted True or False"):
        RMSProp(np.ones(1), eps_inside_root=1)
    with pytest.raises(ValueError, match="on_nonfinite='stop', wanted 'ignore' or 'raise'"):
        Adam(np.ones(1), on_nonfinite="stop")
    with pytest.raises(TypeError, match="Optimizer has no rule"):
        Optimizer(np.ones(1))


def test_engines_by_name_and_by_size(monkeypatch):
    assert Adam(np.ones(10)).engine == "numpy"
    assert Adam([np.ones(40_000), np.ones(40_000)]).engine == "numba"
    with pytest.raises(ValueError, match="engine='jax', wanted one of 'auto', 'eager'"):
        Adam(np.ones(1), engine="jax")
    with pytest.raises(TypeError, match="engine='cupy' cannot update NumPy arrays"):
        Adam(np.ones(1), engine="cupy")
    monkeypatch.setitem(__import__("sys").modules, "numba", None)
    with pytest.raises(ImportError, match=r"pip install 'adaptive-learning-rates\[jit\]'"):
        Adam(np.ones(1), engine="numba")


def test_without_numba_large_arrays_take_numpy(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert Adam(np.ones(100_000)).engine == "numpy"


def test_a_rule_of_ones_own():
    def lion_without_momentum(w, g, *, lr=1e-4, beta=0.5):
        return (w - lr * np.sign(beta * g),)

    class Own(Optimizer, rule=lion_without_momentum):
        """A rule of one's own."""

    for name in ("eager", "numpy", "numba"):
        w = np.array([1.0, 2.0, 3.0])
        Own(w, lr=0.5, engine=name).step(np.array([1.0, -2.0, 0.0]))
        assert w.tolist() == [0.5, 2.5, 3.0]


def test_public_names():
    assert set(companion.__all__) >= {cls.__name__ for cls in EVERY} | {"rules", "Optimizer"}
    assert {cls.rule for cls in EVERY} == {getattr(rules, name) for name in rules.__all__}
