"""The live figures compute what the package computes: every rule on every landscape.

The very scripts of the page run in the Node that comes inside Playwright's package.
"""

import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from playwright._impl._driver import compute_driver_executable

from companion import AdaGrad, Adam, AMSGrad, GradientDescent, Momentum, RMSProp
from companion.problems import Beale, Quadratic, Rosenbrock, Saddle
from companion.tape import record
from tools import javascript

EXPLORER = Path(__file__).parents[2] / "book" / "_static" / "explorer"
STEPS = 200
SIGMA = 0.7

OPTIMIZERS = {cls.rule.__name__: cls for cls in
              (GradientDescent, Momentum, AdaGrad, RMSProp, Adam, AMSGrad)}  # fmt: skip


class Alternating:
    """Hinton's nine small slopes against one steep one, mirrored in the second coordinate."""

    def __init__(self):
        self.t = 0

    def gradient(self, _w):
        self.t += 1
        g = -0.9 if self.t % 10 == 0 else 0.1
        return np.array([g, -g])

    def loss(self, _w):
        return 0.0


# The same landscapes, by the package.
PROBLEMS = {
    "quadratic": lambda: Quadratic([4 / 20, 4.0], angle=math.pi / 6, start=(-5, -2)),
    "rosenbrock": lambda: Rosenbrock(start=(-1.2, 1)),
    "beale": lambda: Beale(start=(1, 1.5)),
    "saddle": lambda: Saddle(start=(1, 1e-3)),
    "plus_minus": Alternating,
    "bowl": lambda: Quadratic([1.0, 1.0], start=(-3, 2)),
}
PARAMETERS = {"quadratic": {"kappa": 20, "angle": math.pi / 6}}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Give a function that runs a program after the scripts and returns what it logs."""
    folder = tmp_path_factory.mktemp("scripts")
    shutil.copy(EXPLORER / "simulate.js", folder)
    (folder / "rules.js").write_text(javascript.script(), encoding="utf-8")
    executable = compute_driver_executable()[0]

    def run(program):
        head = f"const simulate = require({json.dumps(str(folder / 'simulate.js'))});"
        command = [executable, "-e", head + program]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def runs(node):
    """Run every rule on every landscape once."""
    return node(f"""
        // Where a gradient passes zero, RMSProp's dance begins, which is chaotic: any rounding
        // grows. So on the bowl it runs unrotated, at a rate that ends before the minimum.
        const calm = (name, rule) => name === 'quadratic' && rule.startsWith('rmsprop');
        const out = {{}}, parameters = {json.dumps(PARAMETERS)};
        const draws = simulate.noise(7, {STEPS}, {SIGMA}), still = new Float64Array({2 * STEPS});
        for (const [name, choice] of Object.entries(simulate.objectives)) {{
          for (const rule of Object.keys(simulate.rules)) {{
            const unturned = calm(name, rule);
            const objective = choice.make(unturned ? {{ kappa: 20, angle: 0 }} : parameters[name]);
            const lr = choice.rates[rule.split('__')[0]] * (unturned ? 0.04 : 1);
            const noise = name === 'bowl' ? draws : still;
            const r = simulate.run(rule, {{ lr }}, objective, choice.start, {STEPS}, noise);
            out[name + ' ' + rule] = {{ lr, start: choice.start, steps: r.steps,
              path: [...r.path], loss: [...r.loss], rates: [...r.rates] }};
          }}
        }}
        console.log(JSON.stringify({{ runs: out, noise: [...draws] }}));
    """)


@pytest.mark.parametrize("rule", [name for name, _ in javascript.variants()])
@pytest.mark.parametrize("landscape", PROBLEMS)
def test_the_page_follows_the_package(runs, landscape, rule):
    ours = runs["runs"][f"{landscape} {rule}"]
    assert ours["steps"] == STEPS
    name, *option = rule.split("__")
    options = {}
    if option:
        key, _, value = option[0].rpartition("_")
        options[key] = value == "true"
    problem = PROBLEMS[landscape]()
    if landscape == "quadratic" and name == "rmsprop":
        problem = Quadratic([4 / 20, 4.0], start=(-5, -2))
    w = np.array(ours["start"], float)
    optimizer = OPTIMIZERS[name](w, lr=ours["lr"], **options)
    noise = np.array(runs["noise"]).reshape(-1, 2) if landscape == "bowl" else np.zeros((STEPS, 2))
    path, losses = [w.copy()], [problem.loss(w)]
    for xi in noise:
        optimizer.step(problem.gradient(w) + xi)
        path.append(w.copy())
        losses.append(problem.loss(w))
    path = np.array(path)
    scale = abs(path).max()
    actual = np.array(ours["path"], float).reshape(-1, 2)
    np.testing.assert_allclose(actual, path, rtol=0, atol=1e-12 * scale)
    size = np.abs(losses).max()
    np.testing.assert_allclose(np.array(ours["loss"], float), losses, rtol=0, atol=1e-11 * size)


def test_every_landscape_of_the_page_is_compared(node):
    assert set(node("console.log(JSON.stringify(Object.keys(simulate.objectives)))")) == set(
        PROBLEMS
    )


def test_effective_rates(runs):
    rates = np.reshape(runs["runs"]["quadratic adagrad"]["rates"], (-1, 2))
    path = np.reshape(runs["runs"]["quadratic adagrad"]["path"], (-1, 2))
    bowl = PROBLEMS["quadratic"]()
    gradients = np.array([bowl.gradient(w) for w in path[:-1]])
    expected = 1.0 / (np.sqrt(np.cumsum(gradients**2, axis=0)) + 1e-7)  # the rate is 1
    np.testing.assert_allclose(rates, expected, rtol=1e-9)
    assert set(runs["runs"]["beale gradient_descent"]["rates"]) == {0.01}


def test_a_rule_must_end_in_a_step_of_the_rate():
    def other(w, g, *, lr=0.1):
        return (w * lr - g,)

    with pytest.raises(TypeError, match="other does not end in"):
        javascript.effective_rate(record(other))


def test_noise_is_normal_and_seeded(node):
    draws, again, other = (
        np.array(node(f"console.log(JSON.stringify([...simulate.noise({seed}, 20000, 2)]))"))
        for seed in (3, 3, 4)
    )
    assert (draws == again).all()
    assert abs(np.corrcoef(draws, other)[0, 1]) < 0.03
    assert abs(draws.mean()) < 0.05
    assert abs(draws.std() - 2) < 0.03
    assert abs(np.mean(draws**4) / 16 - 3) < 0.2  # the fourth moment of a normal number
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.03


def test_a_run_that_diverges_says_so(node):
    out = node("""
        const objective = simulate.objectives.quadratic.make({ kappa: 20, angle: 0 });
        const r = simulate.run('gradient_descent', { lr: 10 }, objective, [-5, -2], 500,
                               new Float64Array(1000));
        console.log(JSON.stringify([r.diverged, r.steps]));
    """)
    assert out[0] is True
    assert out[1] < 200


def test_the_script_is_small():
    files = [*EXPLORER.glob("*.js"), *EXPLORER.glob("*.css")]
    size = sum(f.stat().st_size for f in files) + len(javascript.script())
    assert size < 300_000
