"""The proof can fail: a wrong operation planted in the CUDA printer is found."""

import pytest

from companion import rules
from companion.engines import cupy as engine
from companion.tape import record
from tests.cuda import cupy_hooks, proof

WRONG = {
    "add": "{} - {}",
    "subtract": "{1} - {0}",
    "multiply": "{} * {} * 1.0000001f",
    "divide": "__fdividef({}, {})",  # approximate
    "negative": "+{}",
    "positive": "-{}",
    "sqrt": "sqrt({}) + 1e-7f",
    "absolute": "+{}",
    "maximum": "fmaxf({}, {})",  # drops NaN
    "sign": "copysignf(1, {})",  # no zero
}


def compile_again(variant, dtype="float32"):
    kernel = engine.make_kernel.__wrapped__(record(variant[0], **variant[1]), dtype)
    return proof.compile_kernel(kernel, variant, dtype, "90").ptx


def test_every_operation_has_a_plant():
    assert set(WRONG) == set(engine.SYNTAX)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_operation_is_found(name, monkeypatch):
    variant = next(
        (rule, options)
        for rule, options in proof.VARIANTS
        if name in {o.ufunc.__name__ for o in record(rule, **options).body}
    )
    proof.assert_bits(compile_again(variant), variant, "float32")
    monkeypatch.setitem(engine.SYNTAX, name, WRONG[name])
    with pytest.raises((AssertionError, NotImplementedError)):
        proof.assert_bits(compile_again(variant), variant, "float32")


ADAGRAD = (rules.adagrad, {})


def adagrad_of(operation):
    kernel = cupy_hooks.cupy.ElementwiseKernel(
        "float32 g_, float32 lr_, float32 eps_", "float32 w_, float32 r_", operation
    )
    return proof.compile_kernel(kernel, ADAGRAD, "float32", "90").ptx


def test_contraction_is_found():
    kernel = engine.make_kernel(record(rules.adagrad), "float32")
    contracted = adagrad_of(kernel.operation)  # without -fmad=false
    with pytest.raises(NotImplementedError, match="does not know the instruction: fma"):
        proof.assert_bits(contracted, ADAGRAD, "float32")


def test_a_load_after_a_store_is_found():
    again = adagrad_of("r_ = r_ + g_ * g_; w_ -= lr_ * g_ / (sqrt(r_) + eps_);")
    with pytest.raises(AssertionError):
        proof.assert_traffic(again, ADAGRAD)


def test_a_double_literal_is_found():
    double = adagrad_of("r_ = r_ + 1.0 * g_; w_ -= lr_ * g_ / (sqrt(r_) + 1e-7);")
    with pytest.raises(AssertionError):
        proof.assert_resources(double, "90", "float32")


def test_local_memory_is_found():
    spilled = adagrad_of(
        "float a[40]; for (int k = 0; k < 40; k++) a[k] = g_ * k;r_ = a[(int)r_]; w_ = a[(int)w_];"
    )
    with pytest.raises(AssertionError):
        proof.assert_resources(spilled, "90", "float32")


def test_a_change_of_cupy_is_named(monkeypatch):
    monkeypatch.delattr(cupy_hooks.compiler, "_get_arch")
    with pytest.raises(cupy_hooks.CuPyChangedError, match=r"_get_arch.*Adapt .*cupy_hooks\.py"):
        adagrad_of("w_ = r_;")
