"""The proof of a kernel: CuPy compiles it, its PTX is counted, run, and held to the rule."""

import functools
import inspect

import numpy as np

from companion.engines._layout import compute_dtype
from companion.engines.cupy import make_kernel
from companion.tape import record
from tests.bits import assert_same_bits
from tests.cuda import cupy_hooks, ptx, toolchain
from tests.cuda.emulator import Launch, Memory
from tests.test_proof_table import TABLE, follow

ARCHITECTURES = ("75", "80", "90", "100", "120")  # Turing, Ampere, Hopper, Blackwell (two)
DTYPES = ("float32", "float64", "float16")
BLOCK = 128  # threads in a block, as CuPy launches
STEPS = 3


def every_operation(w, g, s, *, lr=0.1):
    """Not a good rule, but one that calls every ufunc that a rule may."""
    s = np.maximum(np.abs(s), +g) - np.sign(g) * lr
    return w + -g / np.sqrt(np.abs(s)), s


PUBLIC = [(rule, options) for rule, (_, every) in TABLE.items() for options in every]
VARIANTS = [*PUBLIC, (every_operation, {})]

# How w, g and the states lie in memory.
LAYOUTS = {
    "contiguous": [lambda new: new(1000)] * 3,
    "0-d": [lambda new: new(())] * 3,
    "strided": [
        lambda new: new((30, 70))[::-2, 1::3],
        lambda new: np.asfortranarray(new((15, 23))),
        lambda new: new((15, 23)),
    ],
}


def name(variant):
    """Name a rule with its options: ``momentum(nesterov=True)``."""
    rule, options = variant
    chosen = ", ".join(f"{key}={value}" for key, value in options.items())
    return f"{rule.__name__}({chosen})" if chosen else rule.__name__


def numbers(seed, dtype, scale=1.0):
    """Make a function from shape to numbers about a scale, with zeros, infinities and NaN."""
    rng, largest = np.random.default_rng(seed), np.finfo(dtype).max
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, largest, -largest, scale, -scale]

    def new(shape):
        array = np.array(scale * rng.standard_normal(shape), dtype)
        if array.size > 50:  # at random places, so that they meet ordinary numbers too
            array.reshape(-1)[rng.permutation(array.size)[: len(special)]] = special
        return array

    return new


def arguments(tape, dtype, layout, scale=1.0):
    """Make w, the gradients of all steps, and the states."""
    of_w, of_g, of_state = LAYOUTS[layout]
    computed = compute_dtype(np.dtype(dtype))
    w = of_w(numbers(0, dtype, scale))
    gradients = [of_g(numbers(t, dtype, scale)) for t in range(1, STEPS + 1)]
    states = [of_state(lambda shape: np.zeros(shape, computed)) for _ in tape.states]
    return w, gradients, states


def coefficients(tape, dtype, t):
    """Evaluate the host program with the defaults of the rule, for step t."""
    defaults = {n: p.default for n, p in inspect.signature(tape.rule).parameters.items()}
    values = [{**defaults, "t": t}[n] for n in tape.scalars]
    return np.array(tape.evaluate_coefficients(*values), compute_dtype(np.dtype(dtype)))


def compile_kernel(kernel, variant, dtype, arch, layout="contiguous", index32=True):
    """Compile a kernel for arrays of a layout."""
    rule, options = variant
    tape = record(rule, **options)
    w, (g, *_), states = arguments(tape, dtype, layout)
    given = [g, *coefficients(tape, dtype, 1), w, *states]
    return cupy_hooks.compile_kernel(kernel, given, arch, index32)


@functools.cache
def _compiled(rule, options, *args):
    tape = record(rule, **dict(options))
    return compile_kernel(make_kernel(tape, args[0]), (rule, dict(options)), *args)


def compiled(variant, dtype, arch, layout="contiguous", index32=True):
    """Compile the engine's kernel, once for each case."""
    rule, options = variant
    return _compiled(rule, tuple(options.items()), dtype, arch, layout, index32)


def assert_traffic(text, variant):
    """Assert that a thread loads each array once and stores each that changes once.

    Return the two numbers.
    """
    tape, kernel = record(variant[0], **variant[1]), ptx.parse(text)
    loads, stores = kernel.count("ld", "global"), kernel.count("st", "global")
    assert (loads, stores) == (len(tape.arrays), len(tape.written))
    assert not [i for i in kernel.instructions if i.name in ("ld", "st") and "local" in i.opcode]
    return loads, stores


def assert_resources(text, arch, dtype):
    """Assert that nothing spills and that float32 arithmetic has no float64; return registers."""
    resources = toolchain.assemble(text, arch)
    assert resources.stack == resources.spills == 0
    kernel = ptx.parse(text)
    assert dtype == "float64" or not kernel.count("f64")
    assert dtype == "float64" or "f64" not in kernel.registers.values()
    return resources.registers


def run(text, given, written, grid):
    """Launch a kernel on copies of arrays; return those written, in their layout.

    Assert that each byte of an array was read once, and written once or never.
    """
    kernel = ptx.parse(text)
    memory = Memory(sum(a.nbytes * 8 + 512 for a in given if isinstance(a, np.ndarray)) + 4096)
    placed = [memory.place(a) if isinstance(a, np.ndarray) else (0, a) for a in given]
    addresses = [address for address, _ in placed]
    sizes = kernel.parameters.values()
    parameters = cupy_hooks.parameter_bytes(given, addresses, sizes)
    Launch(kernel, parameters, memory, grid, BLOCK).run()
    read = wrote = 0
    for (address, view), is_written in zip(placed, written, strict=True):
        if isinstance(view, np.ndarray):
            assert (memory.counts(memory.reads, address, view) == 1).all()
            assert (memory.counts(memory.writes, address, view) == is_written).all()
            read, wrote = read + view.nbytes, wrote + view.nbytes * is_written
    assert memory.reads.sum() == read
    assert memory.writes.sum() == wrote
    return [view for (_, view), is_written in zip(placed, written, strict=True) if is_written]


def steps(text, variant, dtype, layout="contiguous", stride=False, scale=1.0):
    """Run the PTX for a few steps; return w, the states, and what the steps were given.

    With ``stride`` a third of the threads must do, so each updates several elements.
    """
    tape = record(variant[0], **variant[1])
    w, gradients, states = arguments(tape, dtype, layout, scale)
    start = w.copy()
    blocks = -(-w.size // BLOCK)
    for t, g in enumerate(gradients, start=1):
        scalars = coefficients(tape, dtype, t)
        written = [False] * (1 + len(scalars)) + [True] * (1 + len(states))
        grid = max(1, blocks // 3) if stride else blocks
        w, *states = run(text, [g, *scalars, w, *states], written, grid)
    return w, states, start, gradients


def assert_bits(text, variant, dtype, layout="contiguous", stride=False, scale=1.0):
    """Assert that the PTX has the bits of the rule; return how many elements were compared."""
    rule, options = variant
    w, states, start, gradients = steps(text, variant, dtype, layout, stride, scale)
    expected, expected_states = follow(rule, options, start, gradients)
    for actual, desired in zip([w, *states], [expected, *expected_states], strict=True):
        assert_same_bits(actual, desired, name(variant))
    return w.size * (1 + len(states))
