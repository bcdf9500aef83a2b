"""Optimizers: a rule that holds its parameters and states, and steps in place."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from companion import _checks, _signature, _tree, engines, packing, rules
from companion._typing import Array, PathLike, Tree
from companion.engines._layout import Update, state_like
from companion.tape import Tape, record

__all__ = ["AMSGrad", "AdaGrad", "Adam", "GradientDescent", "Momentum", "Optimizer", "RMSProp"]


class Optimizer:
    """A rule applied to parameters; subclass it with ``rule=`` for a rule of your own.

    Parameters
    ----------
    params
        What is optimized, changed in place by every step: a NumPy or CuPy array, or a
        list, tuple or dict of arrays, nested to any depth. float16, float32 or float64;
        writable; no two arrays may overlap. Any shape and layout of memory; those packed by
        :func:`companion.pack` are updated as one array.
    engine
        ``"auto"`` takes ``"cupy"`` for CuPy arrays, ``"numba"`` for large NumPy arrays
        where Numba is installed, else ``"numpy"``. Naming one forces it; ``"eager"`` is
        the reference. All engines give the same bits (but a GPU takes float32 numbers below
        1.2e-38 for zero), so the choice is only of speed.
    on_nonfinite
        ``"ignore"`` lets NaN and infinity in a gradient pass, as IEEE arithmetic does;
        ``"raise"`` refuses the step with a ValueError; on a GPU each step waits for that.
    **hyperparameters
        Those of the rule, with its defaults. Numbers are attributes, to be read and set
        at any time; options (``bool``) are fixed here.

    Raises
    ------
    TypeError, ValueError
        Where an argument does not fit; the message names it, what was given and what was
        wanted, and nothing has changed.
    ImportError
        Where the engine named is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from companion import Optimizer
    >>> def sign_descent(w, g, *, lr=0.1):
    ...     return (w - lr * np.sign(g),)
    >>> class SignDescent(Optimizer, rule=sign_descent):
    ...     pass
    >>> w = np.array([1.0, -2.0])
    >>> SignDescent(w).step(np.array([5.0, -0.3]))
    >>> w
    array([ 0.9, -1.9])
    """

    rule: ClassVar[Callable[..., Any]]
    _numbers: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, *, rule: Callable[..., Any] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if rule is None:
            return
        tape = record(rule)
        cls.rule = staticmethod(rule)
        cls._numbers = tuple(name for name in tape.scalars if name != "t")
        hyperparameters = {*cls._numbers, *tape.options}
        cls.__signature__ = _signature.signature(rule, hyperparameters)  # type: ignore[attr-defined]
        own = vars(cls).get("__doc__") or ""
        cls.__doc__ = f"{own}\n\n{_signature.docstring(rule, hyperparameters)}".strip()

    def __init__(
        self,
        params: Tree,
        *,
        engine: str = "auto",
        on_nonfinite: str = "ignore",
        **hyperparameters: Any,
    ) -> None:
        if not hasattr(self, "rule"):
            raise TypeError("Optimizer has no rule; use a subclass, Adam say, or make one: "
                            "class MyOptimizer(Optimizer, rule=my_rule)")  # fmt: skip
        given = inspect.signature(type(self)).bind(params, **hyperparameters)
        given.apply_defaults()
        defaults = record(self.rule).options
        options = {name: _checks.option(name, given.arguments[name]) for name in defaults}
        for name in self._numbers:
            setattr(self, name, given.arguments[name])
        if on_nonfinite not in ("ignore", "raise"):
            raise ValueError(f"on_nonfinite={on_nonfinite!r}, wanted 'ignore' or 'raise'")

        leaves = _tree.leaves(params, "params")
        if not leaves:
            raise ValueError("params holds no array, wanted at least one")
        memory = _checks.Memory()
        for path, w in leaves:
            _checks.parameter(path, w)
            if isinstance(w, np.ndarray) != isinstance(leaves[0][1], np.ndarray):
                raise TypeError(f"{path} mixes NumPy and CuPy arrays, wanted one kind in params")
            memory.add(path, w)
        tape = record(self.rule, **options)
        arrays = [w for _, w in leaves]
        self._engine_name = engines.select(engine, arrays)
        self._engine = engines.load(self._engine_name, tape)
        self._tape: Tape = tape
        self._params, self._check_finite, self._t = params, on_nonfinite == "raise", 0
        self._paths, self._arrays = [path for path, _ in leaves], arrays
        self._names = [path.replace("params", "grads", 1) for path in self._paths]
        # Packed parameters have packed states, so that a step may update all as one array.
        self._layout = layout = packing.find(arrays)
        if layout is None:
            columns = [[state_like(w) for w in arrays] for _ in tape.states]
        else:
            flat_states = [state_like(layout.flat) for _ in tape.states]
            self._update_flat = self._engine.bind(layout.flat, flat_states)
            columns = [layout.split(state) for state in flat_states]
        self._states = [[column[i] for column in columns] for i in range(len(arrays))]
        for path, states in zip(self._paths, self._states, strict=True):
            for name, state in zip(tape.states, states, strict=True):
                memory.add(path.replace("params", f"state[{name!r}]", 1), state)
        self._memory = memory

    @functools.cached_property
    def _updates(self) -> list[Update]:
        """One update a parameter, bound at the first step that needs it: binding may compile."""
        pairs = zip(self._arrays, self._states, strict=True)
        return [self._engine.bind(w, states) for w, states in pairs]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._numbers:
            value = _checks.hyperparameter(name, value)
        elif not name.startswith("_"):
            known = ", ".join(self._numbers)
            raise AttributeError(f"{type(self).__name__}.{name} cannot be set; {known} can")
        object.__setattr__(self, name, value)

    def step(self, grads: Tree) -> None:
        """Update all parameters in place with their gradients.

        All or nothing: every check comes before the first write.

        Parameters
        ----------
        grads
            Arrays in the structure of ``params``, each of the shape and dtype of its
            parameter, in memory of their own; they are only read.

        Raises
        ------
        TypeError, ValueError
            Where a gradient does not fit; nothing has changed.
        """
        layout = self._layout
        flat = layout.recall(grads) if layout else None
        if flat is None or self._check_finite:
            gradients = self._checked(grads)
            flat = layout.flatten(grads, gradients) if layout else None
        t = self._t + 1
        values = vars(self)
        scalars = [t if name == "t" else values[name] for name in self._tape.scalars]
        coefficients = self._engine.coefficients(*scalars)
        if flat is not None:
            self._update_flat(flat, coefficients)
        else:
            for update, g in zip(self._updates, gradients, strict=True):
                update(g, coefficients)
        self._t = t

    def _checked(self, grads: Tree) -> list[Array]:
        """List the gradients in the order of the parameters; refuse what does not fit."""
        gradients: list[Array] = []
        _tree.flatten_like(grads, self._params, "grads", "params", gradients)
        refuse = self._memory.refuse
        for name, g, path, w in zip(self._names, gradients, self._paths, self._arrays, strict=True):
            _checks.gradient(name, g, path, w)
            refuse(name, g)
            if self._check_finite:
                _checks.finite(name, g)
        return gradients

    @property
    def params(self) -> Tree:
        """The parameters, as they were given."""
        return self._params

    @property
    def t(self) -> int:
        """Steps done."""
        return self._t

    @property
    def engine(self) -> str:
        """Name of the engine in use."""
        return self._engine_name

    @property
    def options(self) -> dict[str, bool]:
        """The rule's options, fixed when the optimizer was made."""
        return dict(self._tape.options)

    @property
    def state(self) -> dict[str, Tree]:
        """The states by name, ``{"s": ..., "r": ...}``, each in the structure of ``params``.

        The arrays are the optimizer's own: look, don't write.
        """
        columns = zip(*self._states, strict=True) if self._tape.states else ()
        return {
            name: _tree.unflatten(self._params, column)
            for name, column in zip(self._tape.states, columns, strict=True)
        }

    def state_dict(self) -> dict[str, Any]:
        """Copy everything but the parameters: rule, options, hyperparameters, ``t``, states."""
        return {
            "rule": self.rule.__name__,
            "options": self.options,
            "hyperparameters": {name: getattr(self, name) for name in self._numbers},
            "t": self._t,
            "state": _tree.map_leaves(lambda array: array.copy(), self.state),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up where :meth:`state_dict` was called; all of it is checked first.

        Raises
        ------
        TypeError, ValueError
            Where it is of another rule or options, or does not fit the parameters;
            nothing has changed.
        """
        from companion import _storage  # most programs never need it, and it imports slowly

        loaded = _storage.check(state_dict, self.state_dict(), self._params)
        for states, values in zip(self._states, loaded.states, strict=True):
            for state, value in zip(states, values, strict=True):
                state[...] = value
        for name, value in loaded.hyperparameters.items():
            setattr(self, name, value)
        self._t = loaded.t

    def save(self, path: PathLike) -> None:
        """Write :meth:`state_dict` to one file, aside first and then renamed.

        The file is a NumPy ``.npz`` of plain arrays, readable without this package.
        Parameters are not in it: save them with your model.
        """
        from companion import _storage

        _storage.save(path, self.state_dict())

    def load(self, path: PathLike) -> None:
        """Read a file written by :meth:`save`, as :meth:`load_state_dict` does."""
        from companion import _storage

        self.load_state_dict(_storage.load(path, self.state))

    def __repr__(self) -> str:
        numbers = [f"{name}={getattr(self, name)!r}" for name in self._numbers]
        numbers += [f"{name}={value!r}" for name, value in self._tape.options.items()]
        size = sum(w.size for w in self._arrays)
        count = f"{len(self._arrays)} array" + "s" * (len(self._arrays) != 1)
        return (
            f"{type(self).__name__}({', '.join(numbers)}, engine={self._engine_name!r}; "
            f"{size:,} parameters in {count}, t={self._t})"
        )


class GradientDescent(Optimizer, rule=rules.gradient_descent):
    """Optimizer made from :func:`companion.rules.gradient_descent`; see :class:`Optimizer`."""


class Momentum(Optimizer, rule=rules.momentum):
    """Optimizer made from :func:`companion.rules.momentum`; see :class:`Optimizer`."""


class AdaGrad(Optimizer, rule=rules.adagrad):
    """Optimizer made from :func:`companion.rules.adagrad`; see :class:`Optimizer`."""


class RMSProp(Optimizer, rule=rules.rmsprop):
    """Optimizer made from :func:`companion.rules.rmsprop`; see :class:`Optimizer`."""


class Adam(Optimizer, rule=rules.adam):
    """Optimizer made from :func:`companion.rules.adam`; see :class:`Optimizer`."""


class AMSGrad(Optimizer, rule=rules.amsgrad):
    """Optimizer made from :func:`companion.rules.amsgrad`; see :class:`Optimizer`."""
