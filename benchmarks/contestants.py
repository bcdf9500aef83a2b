"""Everyone who takes a step: companion's engines, the peers, and a memory floor.

A contestant is a function ``prepare(rule, arrays, gradients) -> step``. Peers are set to
the formula of companion's rule as nearly as they allow; ``step()`` returns once the new
parameters are in memory. All use two threads, where they use threads at all.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import companion

Arrays = list[np.ndarray]
Step = Callable[[], None]

THREADS = 2
LR, EPS, BETAS, DECAY = 1e-3, 1e-7, (0.9, 0.999), 0.9
OPTIMIZERS = {"adam": companion.Adam, "adagrad": companion.AdaGrad, "rmsprop": companion.RMSProp}


class AbsentError(Exception):
    """The contestant does not have this rule."""


def own(engine: str, packed: bool = False) -> Callable[[str, Arrays, Arrays], Step]:
    """Make a contestant of one of companion's engines."""

    def prepare(rule: str, arrays: Arrays, gradients: Arrays) -> Step:
        if packed:
            arrays, gradients = companion.pack(arrays), companion.pack(gradients)
        options = {"eps_inside_root": False} if rule == "rmsprop" else {}
        one = len(arrays) == 1
        params, grads = (arrays[0], gradients[0]) if one else (arrays, gradients)
        optimizer = OPTIMIZERS[rule](params, lr=LR, eps=EPS, engine=engine, **options)
        return lambda: optimizer.step(grads)

    return prepare


def torch(**kind: bool) -> Callable[[str, Arrays, Arrays], Step]:
    """PyTorch: fused, foreach or a loop over the arrays."""

    def prepare(rule: str, arrays: Arrays, gradients: Arrays) -> Step:
        import torch

        torch.set_num_threads(THREADS)
        parameters = [torch.nn.Parameter(torch.from_numpy(w)) for w in arrays]
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = torch.from_numpy(g)
        if rule == "rmsprop":
            if kind.get("fused"):
                raise AbsentError
            return torch.optim.RMSprop(parameters, lr=LR, alpha=DECAY, eps=EPS, **kind).step
        if rule == "adagrad":
            return torch.optim.Adagrad(parameters, lr=LR, eps=EPS, **kind).step
        return torch.optim.Adam(parameters, lr=LR, betas=BETAS, eps=EPS, **kind).step

    return prepare


def optax(rule: str, arrays: Arrays, gradients: Arrays) -> Step:
    """Optax, compiled as a whole, with its buffers donated so that it works in place."""
    import jax
    import optax

    make = {
        "adam": lambda: optax.adam(LR, *BETAS, eps=EPS),
        "adagrad": lambda: optax.adagrad(LR, initial_accumulator_value=0.0, eps=EPS),
        "rmsprop": lambda: optax.rmsprop(LR, DECAY, eps=EPS, eps_in_sqrt=False),
    }
    optimizer = make[rule]()

    def step(parameters: Any, state: Any, grads: Any) -> Any:
        updates, state = optimizer.update(grads, state, parameters)
        return optax.apply_updates(parameters, updates), state

    compiled = jax.jit(step, donate_argnums=(0, 1))
    parameters = [jax.numpy.array(w) for w in arrays]
    grads = [jax.numpy.array(g) for g in gradients]
    held = [parameters, optimizer.init(parameters)]

    def run() -> None:
        held[:] = compiled(*held, grads)
        jax.block_until_ready(held[0])

    run.parameters = lambda: [np.asarray(w) for w in held[0]]  # type: ignore[attr-defined]
    return run


def sklearn(rule: str, arrays: Arrays, gradients: Arrays) -> Step:
    """scikit-learn's optimizer of its neural networks."""
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

    if rule != "adam":
        raise AbsentError
    optimizer = AdamOptimizer(arrays, LR, *BETAS, epsilon=EPS)
    return lambda: optimizer.update_params(arrays, gradients)


def thinc(rule: str, arrays: Arrays, gradients: Arrays) -> Step:
    """Thinc's optimizer, on its compiled CPU kernels.

    It clears the gradient, which is filled again: one pass over memory more than its own.
    """
    from thinc.api import Adam

    if rule != "adam":
        raise AbsentError
    optimizer = Adam(LR, beta1=BETAS[0], beta2=BETAS[1], eps=EPS, L2=0.0, grad_clip=0.0)
    filled = [g.copy() for g in gradients]

    def run() -> None:
        for key, (w, g, source) in enumerate(zip(arrays, gradients, filled, strict=True)):
            np.copyto(g, source)
            optimizer((key, "w"), w, g)

    return run


def floor(rule: str, arrays: Arrays, gradients: Arrays) -> Step:
    """Read and write the same memory without arithmetic: what no step can be faster than."""
    import numba

    states = 2 if rule == "adam" else 1

    @numba.njit(parallel=True)
    def two(w, g, s, r):  # type: ignore[no-untyped-def] # a rotation of bits
        for i in numba.prange(w.size):
            w[i], s[i], r[i] = s[i], r[i], w[i] ^ g[i]

    @numba.njit(parallel=True)
    def one(w, g, r):  # type: ignore[no-untyped-def]
        for i in numba.prange(w.size):
            w[i], r[i] = r[i], w[i] ^ g[i]

    kernel = two if states == 2 else one
    bits = [
        [a.reshape(-1).view(np.uint32) for a in (w, g, *(np.ones_like(w) for _ in range(states)))]
        for w, g in zip(arrays, gradients, strict=True)
    ]

    def run() -> None:
        for views in bits:
            kernel(*views)

    return run


CONTESTANTS = {
    "companion eager": own("eager"),
    "companion numpy": own("numpy"),
    "companion numba": own("numba"),
    "companion numba, packed": own("numba", packed=True),
    "PyTorch fused": torch(fused=True),
    "PyTorch foreach": torch(foreach=True),
    "PyTorch loop": torch(foreach=False),
    "Optax jit": optax,
    "scikit-learn": sklearn,
    "Thinc": thinc,
    "memory floor": floor,
}
PEERS = [name for name in CONTESTANTS if not name.startswith(("companion", "memory"))]
