import itertools

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from companion import AdaGrad, Adam, GradientDescent, Optimizer, plots, rules
from companion.problems import Beale, Noisy, Quadratic, Saddle
from companion.training import minimize, sweep

mpl.use("Agg")
BOWL = Quadratic([0.2, 4.0], start=(-5, -2))


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def runs():
    return [minimize(BOWL, AdaGrad, lr=0.4, steps=50), minimize(BOWL, Adam, lr=0.1, steps=30)]


@pytest.fixture(scope="module")
def sweeps():
    noisy = Noisy(BOWL, 0.1)
    methods = (GradientDescent, AdaGrad)
    rates = [1e-3, 1e-2, 1e-1, 1e300]
    return [sweep(noisy, m, rates, seeds=range(3), steps=9, jobs=1) for m in methods]


def lines(figure, labels):
    """Return the lines of the figure's only axes that have these labels, in their order."""
    (ax,) = figure.axes
    found = {line.get_label(): line for line in ax.get_lines()}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == labels
    return [found[label] for label in labels]


def vision():
    """Yield matrices on linear RGB that simulate each kind of color vision.

    Machado, Oliveira & Fernandes (2009), table 1, severity 1.0.
    """
    yield np.eye(3)
    yield [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
           [-0.003882, -0.048116, 1.051998]]  # fmt: skip
    yield [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
           [-0.011820, 0.042940, 0.968881]]  # fmt: skip
    yield [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
           [0.004733, 0.691367, 0.303900]]  # fmt: skip


def linear(color):
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x = np.array(to_xyz) @ rgb / [0.9505, 1, 1.089]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(a, b):
    low, high = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def test_every_method_has_its_own_look():
    assert set(plots.COLORS) == set(plots.LINES) == set(plots.MARKERS) == set(rules.__all__)
    assert len(set(plots.COLORS.values())) == len(set(plots.MARKERS.values())) == 6


@pytest.mark.parametrize("matrix", list(vision()))
def test_colors_stay_apart_in_every_kind_of_color_vision(matrix):
    seen = [lab(np.clip(matrix @ linear(c), 0, 1)) for c in plots.COLORS.values()]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 25


@pytest.mark.parametrize("color", list(plots.COLORS.values()))
def test_colors_stand_out_on_white_and_near_black(color):
    assert min(contrast(color, "white"), contrast(color, "#121212")) >= 3


def test_contours_draw_the_paths_the_start_and_the_minimum(runs):
    figure = plots.contours(BOWL, runs)
    paths = lines(figure, ["AdaGrad(lr=0.4)", "Adam(lr=0.1)"])
    for line, run in zip(paths, runs, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), run.path)
        assert line.get_color() == plots.COLORS[run.method]
        assert line.get_marker() == plots.MARKERS[run.method]
    (ax,) = figure.axes
    points = [line.get_xydata().tolist() for line in ax.get_lines()[2:]]
    assert points == [[[-5, -2]], [[0, 0]]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$w_1$", "$w_2$")
    low, high = ax.get_xlim()
    assert all(low < run.path[:, 0].min() and run.path[:, 0].max() < high for run in runs)


def test_contour_lines_are_where_the_function_has_their_value():
    figure = plots.contours(Beale(), xlim=(-1, 4), ylim=(-1, 2))
    assert figure.axes[0].get_legend() is None
    contours = figure.axes[0].collections[-1]
    shown = 0
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        if len(path.vertices):
            found = Beale().values(*path.vertices.T)
            np.testing.assert_allclose(found, level, rtol=0.1, atol=0.1)
            shown += 1
    assert shown > 10


def test_contours_of_a_saddle_mark_no_minimum():
    ax = plots.contours(Saddle(), xlim=(-1, 1), ylim=(-1, 1)).axes[0]
    assert [line.get_marker() for line in ax.get_lines()] == ["o"]


def test_losses_are_those_of_the_history(runs):
    figure = plots.losses({"first": runs[0], "second": runs[1]}, minimum=1e-9, ylabel="height")
    for line, run in zip(lines(figure, ["first", "second"]), runs, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), run.steps)
        np.testing.assert_array_equal(line.get_ydata(), run.loss - 1e-9)
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("step", "height", "log")


def test_losses_above_zero_and_below_need_a_linear_axis():
    run = minimize(Saddle(start=(0.1, 1.0)), GradientDescent, lr=0.1, steps=5)
    figure = plots.losses([run])
    assert figure.axes[0].get_yscale() == "linear"
    assert figure.axes[0].get_ylabel() == "loss"


def test_losses_leave_zeros_out_of_a_logarithmic_axis():
    run = minimize(Quadratic([1.0]), GradientDescent, lr=1.0, steps=3)
    (line,) = lines(plots.losses([run]), ["GradientDescent(lr=1)"])
    np.testing.assert_array_equal(line.get_ydata(), [0.5, np.nan, np.nan, np.nan])


def test_other_numbers_can_be_drawn_by_name():
    run = minimize(BOWL, Adam, steps=4, metrics={"width": lambda w: abs(w[0])})
    (line,) = lines(plots.losses([run], metric="width"), ["Adam(lr=0.001)"])
    np.testing.assert_array_equal(line.get_ydata(), run.metrics["width"])
    figure = plots.losses([run], metric="gradient_norm")
    np.testing.assert_array_equal(figure.axes[0].get_lines()[0].get_ydata(), run.gradient_norm)
    assert figure.axes[0].get_ylabel() == "gradient norm"
    with pytest.raises(ValueError, match=r"metric='height', and the history has \['width'\]"):
        plots.losses([run], metric="height")


def test_rates_have_a_line_for_each_coordinate(runs):
    figure = plots.rates(runs)
    labels = [f"{run.label}, $w_{{{i}}}$" for run in runs for i in (1, 2)]
    drawn = lines(figure, labels)
    for line, (run, i) in zip(drawn, itertools.product(runs, (0, 1)), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), run.steps[1:])
        np.testing.assert_array_equal(line.get_ydata(), run.rates[1:, i])
    assert drawn[0].get_linestyle() != drawn[1].get_linestyle()
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "effective rate")
    assert len(plots.rates(runs, coordinates=[1]).axes[0].get_lines()) == 2


def test_a_run_without_a_step_has_no_rates():
    run = minimize(BOWL, Adam, stop=[lambda now: now.step == 0])
    with pytest.raises(ValueError, match=r"Adam\(lr=0.001\) made no step"):
        plots.rates([run])


def test_sensitivity_shows_median_spread_and_best_rate(sweeps):
    figure = plots.sensitivity(sweeps)
    for line, found in zip(lines(figure, ["GradientDescent", "AdaGrad"]), sweeps, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), found.rates)
        np.testing.assert_array_equal(line.get_ydata()[:3], found.median[:3])
        assert np.isnan(line.get_ydata()[3]) or found.method == "adagrad"
    (ax,) = figure.axes
    for band, found in zip(ax.collections, sweeps, strict=True):
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == found.losses[np.isfinite(found.losses)].min()
    best = [line.get_xydata().tolist() for line in ax.get_lines() if len(line.get_xdata()) == 1]
    assert best == [[[s.best_rate, s.best_loss]] for s in sweeps]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("learning rate", "final loss")
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_one_method_twice_keeps_its_color_and_changes_its_line():
    pair = [minimize(BOWL, Adam, lr=lr, steps=3) for lr in (0.1, 0.2)]
    first, second = lines(plots.losses(pair), ["Adam(lr=0.1)", "Adam(lr=0.2)"])
    assert first.get_color() == second.get_color() == plots.COLORS["adam"]
    assert first.get_linestyle() != second.get_linestyle()


def test_a_rule_of_ones_own_is_black():
    def halve(w, g, *, lr=0.5):
        return (w - lr * g,)

    class Halve(Optimizer, rule=halve):
        pass

    (line,) = lines(plots.losses([minimize(BOWL, Halve, steps=2)]), ["Halve(lr=0.5)"])
    assert line.get_color() == "#000000"


def test_figures_are_white_cards_with_readable_letters(runs):
    figure, axes = plots.subplots(1, 2, size=(7, 3))
    assert plots.losses(runs, ax=axes[0]) is plots.rates(runs, ax=axes[1]) is figure
    assert figure.get_facecolor() == (1, 1, 1, 1)
    figure.canvas.draw()
    for ax in axes:
        texts = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label]
        assert min(text.get_fontsize() for text in [*texts, *ax.get_legend().get_texts()]) >= 10


def test_one_legend_names_each_run_once(runs):
    figure, axes = plots.subplots(1, 2)
    plots.losses(runs, ax=axes[0])
    plots.contours(BOWL, runs[:1], ax=axes[1])
    assert plots.one_legend(figure) is figure
    assert [ax.get_legend() for ax in axes] == [None, None]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [run.label for run in runs]
    assert min(text.get_fontsize() for text in legend.get_texts()) >= 10


def test_the_style_stays_in_the_book(runs):
    before = mpl.rcParams.copy()
    plots.losses(runs)
    assert mpl.rcParams == before


def test_summary_has_a_line_for_each(runs, sweeps):
    assert plots.summary(runs).split("\n") == [repr(run) for run in runs]
    assert plots.summary({"a": sweeps[0]}) == f"a | {sweeps[0]!r}"


def test_what_was_not_recorded_cannot_be_drawn():
    run = minimize(BOWL, Adam, steps=2, record=[])
    with pytest.raises(ValueError, match=r"no path: minimize\(..., record=\['path'\]\) keeps it"):
        plots.contours(BOWL, [run])
    with pytest.raises(ValueError, match="no rates"):
        plots.rates([run])
    with pytest.raises(ValueError, match=r"wants two parameters, and start has \(1,\)"):
        plots.contours(Quadratic([1.0]))
    many = minimize(Quadratic(np.ones(5)), Adam, steps=2)
    with pytest.raises(ValueError, match="there are 5 coordinates; choose some"):
        plots.rates([many])
