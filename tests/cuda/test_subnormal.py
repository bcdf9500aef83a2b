"""What -ftz=true does: float32 takes subnormal operands and results as zeros, no other does."""

import numpy as np
import pytest

from companion._scalar import Scalar
from tests.bits import assert_same_bits
from tests.cuda import proof
from tests.cuda.emulator import flush
from tests.test_proof_table import follow

TINY = {dtype: 2 * float(np.finfo(dtype).tiny) for dtype in proof.DTYPES}
VARIANTS = pytest.mark.parametrize("variant", proof.PUBLIC, ids=proof.name)


class Flushed(np.lib.mixins.NDArrayOperatorsMixin):
    """A float32 array whose arithmetic flushes every operand and result."""

    def __init__(self, array):
        self.array = flush(np.asarray(array, np.float32))

    def __array_ufunc__(self, ufunc, method, *inputs):
        assert method == "__call__"
        if any(isinstance(x, Scalar) for x in inputs):
            return NotImplemented
        return Flushed(ufunc(*(x.array if isinstance(x, Flushed) else x for x in inputs)))


def follow_flushed(variant, w, gradients):
    """Call the rule with flushed arrays, step by step."""
    rule, options = variant
    arrays = [w, *[np.zeros_like(w) for _ in proof.record(rule).states]]
    for t, g in enumerate(gradients, start=1):
        count = {"t": t} if "t" in proof.record(rule).scalars else {}
        with np.errstate(all="ignore"):
            w, *states = map(Flushed, arrays)
            arrays = [x.array for x in rule(w, Flushed(g), *states, **count, **options)]
    return arrays


def largest_difference(a, b):
    """The largest difference between elements that are finite in both arrays."""
    finite = np.isfinite(a) & np.isfinite(b)
    return np.abs(a[finite] - b[finite]).max()


@VARIANTS
def test_float32_flushes_every_operand_and_result(variant):
    text = proof.compiled(variant, "float32", "90").ptx
    w, states, start, gradients = proof.steps(text, variant, "float32", scale=TINY["float32"])
    for actual, desired in zip(
        [w, *states], follow_flushed(variant, start, gradients), strict=True
    ):
        assert_same_bits(actual, desired)
    kept, _ = follow(*variant, start, gradients)
    assert (w != kept).sum() > 100  # the numbers were small enough to matter
    # A step loses at most one subnormal numerator, over eps.
    assert largest_difference(w, kept) < proof.STEPS * np.finfo("float32").tiny / 1e-7


@pytest.mark.parametrize("dtype", ["float64", "float16"])
@VARIANTS
def test_float64_and_float16_keep_subnormal_numbers(variant, dtype):
    text = proof.compiled(variant, dtype, "90").ptx
    proof.assert_bits(text, variant, dtype, scale=TINY[dtype])
