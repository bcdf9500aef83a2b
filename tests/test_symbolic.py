"""Every rule equals its published formula, proven by SymPy; a wrong rule does not."""

import pytest
import sympy
from sympy import Max, sqrt

from companion import rules, symbolic


def published(rule):
    """Write the formulas of the papers down, independently of the code."""
    x = symbolic.symbols(rule)
    w, g, lr = x["w"], x["g"], x["lr"]
    if rule is rules.gradient_descent:
        return {"w": w - lr * g}
    if rule is rules.momentum:
        v = x["beta"] * x["v"] + g
        return {"w": w - lr * v, "v": v}
    if rule is rules.adagrad:
        r = x["r"] + g**2
        return {"w": w - lr * g / (x["eps"] + sqrt(r)), "r": r}
    if rule is rules.rmsprop:
        r = x["decay"] * x["r"] + (1 - x["decay"]) * g**2
        return {"w": w - lr * g / sqrt(x["eps"] + r), "r": r}
    s = x["beta1"] * x["s"] + (1 - x["beta1"]) * g
    r = x["beta2"] * x["r"] + (1 - x["beta2"]) * g**2
    results = {"s": s, "r": r}
    if rule is rules.amsgrad:
        results["r_max"] = r = Max(x["r_max"], r)
    s_hat, r_hat = s / (1 - x["beta1"] ** x["t"]), r / (1 - x["beta2"] ** x["t"])
    return results | {"w": w - lr * s_hat / (sqrt(r_hat) + x["eps"])}


RULES = [getattr(rules, name) for name in rules.__all__]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_equals_the_published_formula(rule):
    assert symbolic.equal(rule, published(rule))


def test_variants():
    x = symbolic.symbols(rules.rmsprop)
    r = x["decay"] * x["r"] + (1 - x["decay"]) * x["g"] ** 2
    outside = {"w": x["w"] - x["lr"] * x["g"] / (sqrt(r) + x["eps"]), "r": r}
    assert symbolic.equal(rules.rmsprop, outside, eps_inside_root=False)
    assert not symbolic.equal(rules.rmsprop, outside)
    x = symbolic.symbols(rules.momentum)
    v = x["beta"] * x["v"] + x["g"]
    nesterov = {"w": x["w"] - x["lr"] * (x["beta"] * v + x["g"]), "v": v}
    assert symbolic.equal(rules.momentum, nesterov, nesterov=True)


def test_a_rule_with_g_for_g_squared_is_not_adagrad():
    def wrong(w, g, r, *, lr=1e-2, eps=1e-7):
        r = r + g
        return w - lr * g / (rules.sqrt(r) + eps), r

    difference = symbolic.difference(wrong, published(rules.adagrad))
    g = symbolic.symbols(rules.adagrad)["g"]
    assert sympy.simplify(difference["r"] - (g - g**2)) == 0


def test_formulas_must_be_complete():
    with pytest.raises(ValueError, match=r"formulas for \['w'\], wanted one for each of"):
        symbolic.equal(rules.adagrad, {"w": sympy.Symbol("w")})


def test_latex_of_adam_is_its_box():
    lines = symbolic.latex(rules.adam).splitlines()
    assert lines[1] == r"s &\leftarrow \gamma_1 \, s + (1 - \gamma_1) \, g \\"
    assert lines[2] == r"r &\leftarrow \gamma_2 \, r + (1 - \gamma_2) \, g \odot g \\"
    assert lines[5] == (r"w &\leftarrow w - \frac{\alpha \, \hat{s}}{\sqrt{\hat{r}} + \delta}")


def test_latex_shows_the_variant():
    assert r"\sqrt{\delta + r}" in symbolic.latex(rules.rmsprop)
    assert r"\sqrt{r} + \delta" in symbolic.latex(rules.rmsprop, eps_inside_root=False)
    assert r"(\beta \, v + g)" in symbolic.latex(rules.momentum, nesterov=True)
    assert symbolic.latex(rules.momentum).count("beta") == 1


def test_latex_keeps_grouping_and_order():
    def rule(w, g, v, *, lr=0.1, beta=0.5):
        v = -(v - g) - (beta - (1 - v)) * abs(g)
        return w - (lr + beta) ** 2 * v, v

    assert symbolic.latex(rule).splitlines()[1:-1] == [
        r"v &\leftarrow -(v - g) - (\beta - (1 - v)) \odot \left|g\right| \\",
        r"w &\leftarrow w - (\alpha + \beta)^{2} \, v",
    ]


def test_latex_refuses_what_it_cannot_print():
    def rule(w, g, *, lr=0.1):
        return (w - lr * g @ g,)

    with pytest.raises(TypeError):
        symbolic.latex(rule)


def test_show_displays_the_latex():
    assert symbolic.show(rules.adam).data == symbolic.latex(rules.adam)
