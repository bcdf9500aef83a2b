"""Packing: many arrays in one buffer, one loop a step, and the same bits and refusals."""

import numpy as np
import pytest

from companion import AdaGrad, Adam, Optimizer, pack
from tests.bits import assert_same_bits
from tests.test_proof_table import ENGINES, ROWS

SHAPES = {"W": (5, 7), "b": (7,), "none": (0, 3), "V": (3, 2, 4)}


def tree(seed=0, dtype="float32"):
    rng = np.random.default_rng(seed)

    def new(shape):
        return np.asarray(rng.standard_normal(shape), dtype)

    return {"first": [new((6, 2)), (new(7), new(()))], "rest": {k: new(SHAPES[k]) for k in SHAPES}}


def leaves(tree):
    if isinstance(tree, np.ndarray):
        return [tree]
    values = tree.values() if isinstance(tree, dict) else tree
    return [leaf for value in values for leaf in leaves(value)]


def assert_same_trees(actual, desired):
    for a, b in zip(leaves(actual), leaves(desired), strict=True):
        assert_same_bits(a, b)


@pytest.fixture
def loops():
    """Return an optimizer class, and the sizes of the arrays its rule was called with."""
    sizes = []

    def descent(w, g, *, lr=0.1):
        sizes.append(getattr(w, "size", None))
        return (w - lr * g,)

    class Descent(Optimizer, rule=descent):
        pass

    def make(params, **keywords):
        optimizer = Descent(params, engine="eager", **keywords)
        sizes.clear()  # of the recording
        return optimizer

    return make, sizes


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_pack_keeps_structure_shapes_and_values(dtype):
    given = tree(dtype=dtype)
    packed = pack(given)
    assert isinstance(packed["first"], list)
    assert isinstance(packed["first"][1], tuple)
    assert list(packed["rest"]) == list(SHAPES)
    assert_same_trees(packed, given)
    buffer = leaves(packed)[0].base
    assert buffer.size == sum(a.size for a in leaves(given))  # no padding
    assert all(a.base is buffer and a.flags.c_contiguous for a in leaves(packed))
    assert not any(np.shares_memory(a, buffer) for a in leaves(given))


def test_pack_takes_any_layout_of_memory():
    given = [np.arange(12.0).reshape(3, 4).T, np.arange(9.0)[::-2], np.broadcast_to(1.0, (2, 2))]
    assert_same_trees(pack(given), given)
    assert_same_bits(pack(given[0]), given[0].copy())


def test_no_array_is_less_aligned_than_its_size():
    odd, even, large = np.ones(3, "f4"), np.ones(6, "f4"), np.ones(64, "f4")
    packed = pack([odd, even, large, odd, large])
    start = packed[0].base.ctypes.data
    for array in packed:
        granule = min(array.nbytes & -array.nbytes, 64)
        assert (array.ctypes.data - start) % granule == 0


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "tree holds no array"),
        ([1.0], TypeError, r"tree\[0\] is 1.0, of type float, wanted a NumPy or CuPy array"),
        ([np.ones(2, int)], TypeError, r"tree\[0\] has dtype int64, wanted float16"),
        ({"a": np.ones(2), "b": np.ones(2, "f4")}, TypeError,
         r"tree\['b'\] has dtype float32, wanted float64 like tree\['a'\]"),
        ([np.ma.ones(2)], TypeError, r"tree\[0\] is a masked array"),
    ],
)  # fmt: skip
def test_pack_refuses(given, error, message):
    with pytest.raises(error, match=message):
        pack(given)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("rule", "cls", "options"), ROWS)
def test_packed_parameters_get_the_same_bits(rule, cls, options, engine, dtype):  # noqa: ARG001
    one_by_one, packed = tree(dtype=dtype), pack(tree(dtype=dtype))
    a, b = cls(one_by_one, engine="eager", **options), cls(packed, engine=engine, **options)
    buffer = pack(tree(dtype=dtype))
    for seed in range(1, 5):
        g = tree(seed, dtype)
        for view, value in zip(leaves(buffer), leaves(g), strict=True):
            view[...] = value
        a.step(g)
        b.step(buffer)
    assert_same_trees(packed, one_by_one)
    for name, state in a.state.items():
        assert_same_trees(b.state[name], state)


def test_a_packed_step_is_one_loop(loops):
    make, sizes = loops
    params, grads = pack(tree()), pack(tree(1))
    optimizer = make(params)
    for _ in range(3):
        optimizer.step(grads)
    total = sum(a.size for a in leaves(params))
    assert sizes == [total] * 3
    optimizer.step(pack(tree(2)))  # another buffer
    assert sizes == [total] * 4
    optimizer.step(tree(2))  # no buffer
    assert sizes[4:] == [a.size for a in leaves(params)]


def test_arrays_that_tile_a_buffer_of_the_user_are_one_loop(loops):
    make, sizes = loops
    theta = np.arange(10.0)
    optimizer = make([theta[4:8].reshape(2, 2), theta[1:4]])
    g = np.ones(12)
    optimizer.step([g[5:9].reshape(2, 2), g[2:5]])
    assert sizes == [7]
    np.testing.assert_allclose(theta, [0, *np.arange(1, 8) - 0.1, 8, 9])


def neighbors(buffer):
    """Return views of two flat arrays that lie side by side in memory."""
    left, right = (np.frombuffer(buffer.data, count=5, offset=offset) for offset in (0, 40))
    return [left[:5], right[:5]]


@pytest.mark.parametrize(
    "views",
    [
        lambda buffer: [buffer[:4], buffer[6:]],  # a gap
        lambda buffer: [buffer[:4], buffer[4::2]],  # strided
        lambda buffer: [buffer[:4], buffer[4:8].reshape(2, 2).T],  # in Fortran order
        lambda buffer: [buffer[:4], buffer.reshape(2, 5)[1]],  # a row
        neighbors,
    ],
)
def test_only_what_belongs_to_the_parameters_is_updated(loops, views):
    make, sizes = loops
    params, expected = views(np.arange(10.0)), np.arange(10.0)
    for w in views(expected):
        w -= 0.1
    make(params).step(views(np.ones(10)))
    assert sizes == [w.size for w in params]
    for w, desired in zip(params, views(expected), strict=True):
        np.testing.assert_allclose(w, desired)
    np.testing.assert_allclose(params[0].base, views(expected)[0].base)


def test_gradients_laid_out_otherwise_are_taken_one_by_one(loops):
    make, sizes = loops
    params = pack({"a": np.zeros((2, 2)), "b": np.zeros((2, 2))})
    optimizer = make(params)
    g = pack({"b": np.full((2, 2), 2.0), "a": np.ones((2, 2))})
    optimizer.step(g)
    assert sizes == [4, 4]
    assert (params["a"] == -0.1).all()
    assert (params["b"] == -0.2).all()


def replace_leaf(g, new):
    g["rest"]["b"] = new


def replace_in_list(g, new):
    g["first"][1] = (new, g["first"][1][1])


@pytest.mark.parametrize("replace", [replace_leaf, replace_in_list])
def test_a_replaced_gradient_is_seen(replace):
    params, expected = pack(tree()), tree()
    optimizer, reference = AdaGrad(params), AdaGrad(expected, engine="eager")
    g = pack(tree(1))
    for new in (None, np.full(7, 3.0, "float32"), np.full(7, -1.0, "float32")):
        if new is not None:
            replace(g, new)
        optimizer.step(g)
        reference.step(g)
    assert_same_trees(params, expected)


def test_swapped_keys_are_seen():
    params = pack({"a": np.zeros(2), "b": np.zeros(2)})
    optimizer = AdaGrad(params, lr=1.0, eps=0.0)
    g = pack({"a": np.ones(2), "b": -np.ones(2)})
    optimizer.step(g)
    optimizer.step({"b": g["a"], "a": g["b"]})
    optimizer.step(dict(zip("ba", g.values(), strict=True)))
    np.testing.assert_allclose(params["a"], -1 + 1 / np.sqrt(2) + 1 / np.sqrt(3))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda g: replace_leaf(g, np.ones(7)), TypeError, r"grads\['rest'\]\['b'\] has dtype"),
        (lambda g: replace_leaf(g, np.ones(8, "f4")), ValueError, r"\['b'\] has shape \(8,\)"),
        (lambda g: replace_leaf(g, [1.0] * 7), TypeError, r"\['b'\] is \[1.0, .* wanted an array"),
        (lambda g: g["rest"].pop("b"), ValueError, r"grads\['rest'\] is a dict with the keys"),
        (lambda g: g["first"].append(np.ones(1)), ValueError, r"grads\['first'\] is a list of 3"),
    ],
)
def test_a_bad_gradient_after_good_ones_changes_nothing(change, error, message):
    params, g = pack(tree()), pack(tree(1))
    optimizer = Adam(params)
    optimizer.step(g)
    before, state = [a.copy() for a in leaves(params)], optimizer.state_dict()
    change(g)
    with pytest.raises(error, match=message):
        optimizer.step(g)
    assert_same_trees(params, before)
    assert_same_trees(optimizer.state, state["state"])
    assert optimizer.t == 1


def test_packed_gradients_in_the_memory_of_the_parameters_are_refused():
    params = pack(tree())
    with pytest.raises(ValueError, match="overlaps the memory of params"):
        Adam(params).step(params)


def test_a_gradient_that_became_infinite_is_refused_by_name():
    params, g = pack(tree()), pack(tree(1))
    optimizer = Adam(params, on_nonfinite="raise")
    optimizer.step(g)
    before = [a.copy() for a in leaves(params)]
    g["rest"]["V"][1, 1, 1] = np.inf
    with pytest.raises(ValueError, match=r"grads\['rest'\]\['V'\] is not finite"):
        optimizer.step(g)
    assert_same_trees(params, before)


def test_states_move_between_packed_and_not(tmp_path):
    plain, packed = Adam(tree()), Adam(pack(tree()))
    plain.step(tree(1))
    plain.save(tmp_path / "state.npz")
    packed.load(tmp_path / "state.npz")
    assert_same_trees(packed.state, plain.state)
    other = Adam(tree())
    other.load_state_dict(packed.state_dict())
    assert_same_trees(other.state, plain.state)
