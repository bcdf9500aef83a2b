"""Everything here that CuPy does not promise to keep, in one place.

CuPy itself writes the source of a kernel, chooses the headers and flags, and calls NVRTC:
the functions below only stand in for the two things that need a GPU, the name of its
architecture and the loading of what was compiled. Written for CuPy 14.2; where a later
CuPy differs, `CuPyChangedError` says so.
"""

import os
import struct
from dataclasses import dataclass
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("cupy")  # skips the test module that imports this

import cupy
from cupy._core import _carray, _kernel, _scalar
from cupy.cuda import compiler

ARRAY, INDEXER, SCALAR = 1, 2, 3  # _ArgKind


class CuPyChangedError(RuntimeError):
    """A private function or layout of CuPy is not what this file was written for."""

    def __init__(self, what):
        super().__init__(
            f"CuPy {cupy.__version__} has changed: {what}. Adapt {__file__}, written for 14.2."
        )


@dataclass(frozen=True)
class Compiled:
    """What CuPy hands to NVRTC, and the PTX it gets."""

    source: str
    options: tuple[str, ...]
    ptx: str


class _Stop(Exception):  # noqa: N818 - no error: it leaves CuPy before it asks for a GPU
    pass


def compile_kernel(kernel, arguments, arch, index32=True):
    """Compile a `cupy.ElementwiseKernel` for these arguments, without a GPU.

    Parameters
    ----------
    kernel
        The kernel.
    arguments
        Inputs, then outputs; NumPy arrays stand for CuPy's of the same dtype and layout.
    arch
        Architecture, "90" say.
    index32
        Whether CuPy would find that 32 bits suffice for indices.
    """

    def compile_and_stop(source, options=(), *args):
        ptx, _ = original(source, options, *args)
        raise _Stop(Compiled(source, options, ptx.decode() if isinstance(ptx, bytes) else ptx))

    try:
        original = compiler._compile_using_nvrtc_no_warning
        infos, type_map = _describe(kernel, arguments, index32)
        stand_ins = mock.patch.multiple(
            compiler,
            _get_arch=lambda: arch,
            _get_arch_for_options_for_nvrtc=lambda arch: (f"-arch=compute_{arch}", "ptx"),
            _compile_using_nvrtc_no_warning=compile_and_stop,
        )
        with stand_ins, mock.patch.dict(os.environ, CUPY_CACHE_IN_MEMORY="1"):
            _kernel._get_elementwise_kernel.__wrapped__(
                *(infos, type_map, kernel.params, kernel.operation, kernel.name, kernel.preamble),
                **kernel.kwargs,
            )
    except _Stop as stop:
        return stop.args[0]
    except (AttributeError, TypeError) as error:
        raise CuPyChangedError(error) from error
    raise CuPyChangedError("a kernel was made without a call of NVRTC")


def nvrtc_version():
    """Version of the compiler that CuPy has found, as (major, minor)."""
    return compiler._get_nvrtc_version()


def _describe(kernel, arguments, index32):
    """Describe arguments as CuPy does before it chooses or compiles a kernel."""
    dtypes = [a.dtype if isinstance(a, np.ndarray) else None for a in arguments]
    nin = kernel.nin
    ins, outs, type_map = kernel._decide_params_type(tuple(dtypes[:nin]), tuple(dtypes[nin:]))
    infos = []
    for argument, dtype in zip(arguments, (*ins, *outs), strict=True):
        if isinstance(argument, np.ndarray):
            layout = argument.ndim, argument.flags.c_contiguous, index32
            infos.append(_kernel._ArgInfo(ARRAY, cupy.ndarray, np.dtype(dtype), *layout))
        else:
            infos.append(_kernel._ArgInfo(SCALAR, _scalar.CScalar, np.dtype(dtype), 0, True, True))
    ndim = next(a.ndim for a in arguments if isinstance(a, np.ndarray))
    infos.append(_kernel._ArgInfo(INDEXER, _carray.Indexer, None, ndim, True, index32))
    return tuple(infos), type_map


def parameter_bytes(arguments, addresses, sizes):
    """Lay out the parameters of a launch as CArray and CIndexer in carray.cuh.

    Parameters
    ----------
    arguments
        NumPy arrays and NumPy scalars.
    addresses
        The address of the first element of each array; anything for a scalar.
    sizes
        Bytes of each parameter by the PTX.
    """
    shape = next(a.shape for a in arguments if isinstance(a, np.ndarray))
    parameters = [
        _words(address, a.size, *a.shape, *a.strides) if isinstance(a, np.ndarray) else a.tobytes()
        for a, address in zip(arguments, addresses, strict=True)
    ]
    parameters.append(_words(int(np.prod(shape)), *shape, *[0] * len(shape)))
    for i, (given, size) in enumerate(zip(parameters, sizes, strict=True)):
        if len(given) != size:
            raise CuPyChangedError(f"parameter {i} has {size} bytes in the PTX, not {len(given)}")
    return parameters


def _words(*numbers):
    return struct.pack(f"{len(numbers)}q", *numbers)
