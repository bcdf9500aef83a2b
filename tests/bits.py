"""Comparison of arrays bit by bit."""

import numpy as np


def assert_same_bits(actual, desired, what=""):
    """Assert the same shape, dtype and bits; any NaN equals any other."""
    assert actual.dtype == desired.dtype, what
    assert actual.shape == desired.shape, what
    unsigned = np.dtype(f"u{actual.itemsize}")
    actual, desired = (np.ascontiguousarray(a) for a in (actual, desired))
    same = actual.view(unsigned) == desired.view(unsigned)
    same |= np.isnan(actual) & np.isnan(desired)
    assert same.all(), f"{what}: {np.count_nonzero(~same)} of {same.size} elements differ"
