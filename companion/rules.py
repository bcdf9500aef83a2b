r"""Every update rule, written once, as its algorithm box reads.

A rule is a pure function. Arrays are positional: the parameter ``w``, its gradient
``g``, then the states, each of the same shape and dtype. Scalars are keyword-only,
with the defaults of the book; a ``bool`` is an option that selects a variant.
A rule returns the new ``w`` and the new states, and changes nothing.

Called with arrays, a rule is the reference; its scalars meet them as Python floats do,
cast to their dtype, but an array divided by a scalar is multiplied by the scalar's
reciprocal, taken in float64. A scalar may also be an array that broadcasts against ``w``,
a column of rates say, to follow many runs at once. Everything else, the fused kernels for
CPU and GPU, the figure that runs in the page, the LaTeX and the proof that code equals
formula, is made from these functions by :mod:`companion.tape`. So a rule uses only
operators and NumPy's ufuncs, and never branches on a value.

The rules are ordered by complexity: read them from top to bottom.
"""

from numpy import maximum, sqrt

from companion._scalar import rule
from companion._typing import Array

__all__ = ["adagrad", "adam", "amsgrad", "gradient_descent", "momentum", "rmsprop"]


@rule
def gradient_descent(w: Array, g: Array, *, lr: float = 1e-2) -> tuple[Array]:
    r"""Gradient descent: one fixed rate for every parameter.

    .. math:: w \leftarrow w - \alpha\, g

    Parameters
    ----------
    w, g
        Parameter and gradient, of one shape and floating dtype.
    lr
        Learning rate :math:`\alpha`.

    References
    ----------
    Cauchy (1847), *Méthode générale pour la résolution des systèmes d'équations
    simultanées*; Goodfellow et al. (2016), algorithm 8.1. All libraries agree.
    """
    return (w - lr * g,)


@rule
def momentum(
    w: Array, g: Array, v: Array, *, lr: float = 1e-2, beta: float = 0.9, nesterov: bool = False
) -> tuple[Array, Array]:
    r"""Gradient descent with momentum: move along a decaying sum of gradients.

    .. math:: v \leftarrow \beta v + g, \qquad w \leftarrow w - \alpha\, v

    With ``nesterov=True`` the step looks one gradient ahead:
    :math:`w \leftarrow w - \alpha\,(\beta v + g)`.

    Parameters
    ----------
    w, g
        Parameter and gradient, of one shape and floating dtype.
    v
        Velocity, zero at the start.
    lr, beta
        Learning rate :math:`\alpha` and momentum :math:`\beta`.
    nesterov
        Use Nesterov's momentum, written for the point to which it looks ahead.

    References
    ----------
    Polyak (1964), *Some methods of speeding up the convergence of iteration methods*;
    for ``nesterov``, Bengio et al. (2013), *Advances in optimizing recurrent networks*, and
    Sutskever et al. (2013), *On the importance of initialization and momentum in deep
    learning*. PyTorch computes this form. Goodfellow et al. (algorithm 8.2) and Keras keep
    :math:`\alpha` inside the velocity, :math:`v \leftarrow \beta v - \alpha g`: the same
    path at a fixed rate, another one when the rate changes.
    """
    v = beta * v + g
    return w - lr * (beta * v + g if nesterov else v), v


@rule
def adagrad(
    w: Array, g: Array, r: Array, *, lr: float = 1e-2, eps: float = 1e-7
) -> tuple[Array, Array]:
    r"""AdaGrad: a rate for each parameter, falling with its accumulated squared gradient.

    .. math::

        r \leftarrow r + g \odot g, \qquad
        w \leftarrow w - \frac{\alpha\, g}{\sqrt{r} + \delta}

    Parameters
    ----------
    w, g
        Parameter and gradient, of one shape and floating dtype.
    r
        Sum of squared gradients, zero at the start.
    lr, eps
        Global learning rate :math:`\alpha` and small constant :math:`\delta`.

    References
    ----------
    Duchi, Hazan & Singer (2011), *Adaptive subgradient methods for online learning and
    stochastic optimization*; Goodfellow et al. (2016), algorithm 8.4. PyTorch, Chainer
    and MLX compute this form; Keras and Optax take :math:`\sqrt{r + \delta}` and start
    at ``r = 0.1``.
    """
    r = r + g * g
    return w - lr * g / (sqrt(r) + eps), r


@rule
def rmsprop(
    w: Array,
    g: Array,
    r: Array,
    *,
    lr: float = 1e-3,
    decay: float = 0.9,
    eps: float = 1e-7,
    eps_inside_root: bool = True,
) -> tuple[Array, Array]:
    r"""RMSProp: AdaGrad with a weighted average in place of the sum.

    .. math::

        r \leftarrow \gamma r + (1 - \gamma)\, g \odot g, \qquad
        w \leftarrow w - \frac{\alpha\, g}{\sqrt{\delta + r}}

    With ``eps_inside_root=False`` the denominator is :math:`\sqrt{r} + \delta`.

    Parameters
    ----------
    w, g
        Parameter and gradient, of one shape and floating dtype.
    r
        Weighted average of squared gradients, zero at the start.
    lr, decay, eps
        Learning rate :math:`\alpha`, averaging factor :math:`\gamma`, small constant
        :math:`\delta`.
    eps_inside_root
        Where :math:`\delta` stands.

    References
    ----------
    Tieleman & Hinton (2012), *Neural networks for machine learning*, lecture 6.5;
    Goodfellow et al. (2016), algorithm 8.5. Keras, TensorFlow, Optax, MindSpore and
    Paddle put :math:`\delta` inside the root; PyTorch, MLX and Chainer outside.
    """
    r = decay * r + (1 - decay) * g * g
    return w - lr * g / (sqrt(eps + r) if eps_inside_root else sqrt(r) + eps), r


@rule
def adam(
    w: Array,
    g: Array,
    s: Array,
    r: Array,
    *,
    t: int,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-7,
) -> tuple[Array, Array, Array]:
    r"""Adam: averaged gradient over averaged magnitude, both corrected for their bias.

    .. math::

        s &\leftarrow \gamma_1 s + (1 - \gamma_1)\, g, \qquad
        r \leftarrow \gamma_2 r + (1 - \gamma_2)\, g \odot g, \\
        \hat s &= \frac{s}{1 - \gamma_1^t}, \qquad
        \hat r = \frac{r}{1 - \gamma_2^t}, \qquad
        w \leftarrow w - \frac{\alpha\, \hat s}{\sqrt{\hat r} + \delta}

    Parameters
    ----------
    w, g
        Parameter and gradient, of one shape and floating dtype.
    s, r
        First and second moment, zero at the start.
    t
        Number of this step; the first is 1.
    lr, beta1, beta2, eps
        Learning rate :math:`\alpha`, averaging factors :math:`\gamma_1, \gamma_2`, small
        constant :math:`\delta`.

    References
    ----------
    Kingma & Ba (2015), *Adam: a method for stochastic optimization*, algorithm 1;
    Goodfellow et al. (2016), algorithm 8.7. PyTorch, Optax and MLX (with its bias
    correction) compute this; Keras, TensorFlow and scikit-learn fold the corrections
    into the rate, :math:`\alpha \sqrt{1 - \gamma_2^t} / (1 - \gamma_1^t)`, and add
    :math:`\delta` to :math:`\sqrt{r}`: it is then this form with
    :math:`\delta / \sqrt{1 - \gamma_2^t}` in the place of :math:`\delta`.
    """
    s = beta1 * s + (1 - beta1) * g
    r = beta2 * r + (1 - beta2) * g * g
    s_hat = s / (1 - beta1**t)
    r_hat = r / (1 - beta2**t)
    return w - lr * s_hat / (sqrt(r_hat) + eps), s, r


@rule
def amsgrad(
    w: Array,
    g: Array,
    s: Array,
    r: Array,
    r_max: Array,
    *,
    t: int,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-7,
) -> tuple[Array, Array, Array, Array]:
    r"""AMSGrad: Adam whose second moment may only grow.

    As :func:`adam`, with the running maximum of ``r`` in its place:

    .. math::

        r_{\max} \leftarrow \max(r_{\max}, r), \qquad
        \hat r = \frac{r_{\max}}{1 - \gamma_2^t}, \qquad
        w \leftarrow w - \frac{\alpha\, \hat s}{\sqrt{\hat r} + \delta}

    Parameters
    ----------
    w, g
        Parameter and gradient, of one shape and floating dtype.
    s, r, r_max
        First moment, second moment and its running maximum, zero at the start.
    t
        Number of this step; the first is 1.
    lr, beta1, beta2, eps
        As for :func:`adam`.

    References
    ----------
    Reddi, Kale & Kumar (2018), *On the convergence of Adam and beyond*, algorithm 2,
    which has no bias correction; this form, with it, is PyTorch's. Optax takes the
    maximum after the correction.
    """
    s = beta1 * s + (1 - beta1) * g
    r = beta2 * r + (1 - beta2) * g * g
    r_max = maximum(r_max, r)
    s_hat = s / (1 - beta1**t)
    r_hat = r_max / (1 - beta2**t)
    return w - lr * s_hat / (sqrt(r_hat) + eps), s, r, r_max
