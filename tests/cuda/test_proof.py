"""Every rule x dtype x architecture: it compiles, moves what it must, and has the rule's bits."""

import pytest

from companion.engines.cupy import SYNTAX
from companion.tape import BODY_UFUNCS, record
from tests.cuda import proof

VARIANTS = pytest.mark.parametrize("variant", proof.VARIANTS, ids=proof.name)
DTYPES = pytest.mark.parametrize("dtype", proof.DTYPES)
ARCHITECTURES = pytest.mark.parametrize("arch", proof.ARCHITECTURES, ids="sm_{}".format)


@ARCHITECTURES
@DTYPES
@VARIANTS
def test_loads_and_stores_are_what_the_rule_needs(variant, dtype, arch):
    proof.assert_traffic(proof.compiled(variant, dtype, arch).ptx, variant)


@ARCHITECTURES
@DTYPES
@VARIANTS
def test_nothing_spills_and_float32_stays_float32(variant, dtype, arch):
    proof.assert_resources(proof.compiled(variant, dtype, arch).ptx, arch, dtype)


@pytest.mark.parametrize("stride", [False, True], ids=["one-element", "grid-stride"])
@ARCHITECTURES
@DTYPES
@VARIANTS
def test_bits_are_those_of_the_rule(variant, dtype, arch, stride):
    proof.assert_bits(proof.compiled(variant, dtype, arch).ptx, variant, dtype, stride=stride)


@pytest.mark.parametrize("index32", [True, False], ids=["int32", "int64"])
@pytest.mark.parametrize("layout", proof.LAYOUTS)
@DTYPES
@pytest.mark.parametrize("variant", [v for v in proof.PUBLIC if len(record(v[0]).states) == 3])
def test_every_layout_and_index(variant, dtype, layout, index32):
    text = proof.compiled(variant, dtype, "90", layout, index32).ptx
    proof.assert_traffic(text, variant)
    proof.assert_resources(text, "90", dtype)
    proof.assert_bits(text, variant, dtype, layout)
    proof.assert_bits(text, variant, dtype, layout, stride=True)


def test_every_operation_is_proven():
    used = {
        o.ufunc.__name__ for rule, options in proof.VARIANTS for o in record(rule, **options).body
    }
    assert used == set(SYNTAX) == BODY_UFUNCS


def test_cupy_flushes_to_zero_whatever_we_say():
    # If this fails, CuPy has mended its issue 9576, and the engine can ask for -ftz=false.
    options = proof.compiled(proof.VARIANTS[0], "float32", "90").options
    assert options.index("-fmad=false") < options.index("-ftz=true")
