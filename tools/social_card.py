"""Draw the picture that a link to the book shows: ``python tools/social_card.py``."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from companion import AdaGrad, Adam, GradientDescent, Momentum, RMSProp, plots
from companion.problems import Beale
from companion.training import minimize

TARGET = Path(__file__).resolve().parents[1] / "book/_static/social-card.png"
PIXELS, DPI = (1200, 630), 100
RUNS = {
    "gradient descent": (GradientDescent, 0.01),
    "momentum": (Momentum, 0.0015),
    "AdaGrad": (AdaGrad, 0.5),
    "RMSProp": (RMSProp, 0.02),
    "Adam": (Adam, 0.1),
}
BACKGROUND, TEXT = "#f6f8fb", "#16202c"


def draw() -> plt.Figure:
    """Draw the book's name beside the paths of its methods on Beale's function."""
    figure = plt.figure(figsize=np.divide(PIXELS, DPI), dpi=DPI, facecolor=BACKGROUND)
    landscape = Beale(start=(1, 1.5))
    ax = figure.add_axes((0.44, 0, 0.56, 1))
    x, y = np.meshgrid(np.linspace(0.1, 3.9, 300), np.linspace(-1.4, 2, 300))
    levels = np.geomspace(0.01, 150, 12)
    shades = plt.get_cmap("PuBu")(np.linspace(0, 0.45, len(levels) + 1))
    ax.contourf(x, y, landscape.values(x, y), levels, colors=shades, extend="both")
    ax.set(xlim=(0.1, 3.9), ylim=(-1.4, 2))
    ax.axis("off")

    write = {"transform": figure.transFigure, "color": TEXT, "va": "top"}
    figure.text(0.05, 0.86, "Adaptive\nLearning\nRates", fontsize=54, weight="bold", **write)
    figure.text(0.05, 0.37, "derived, executed, verified", fontsize=21, **write)
    for row, (name, (method, rate)) in enumerate(RUNS.items()):
        run = minimize(landscape, method, lr=rate, steps=300, progress=False)
        line = plots.style(run.method) | {"marker": "", "linewidth": 5, "linestyle": "-"}
        ax.plot(*run.path.T, **line)
        write["color"] = line["color"]
        figure.text(0.05, 0.26 - 0.045 * row, name, fontsize=17, **write)
    ax.plot(*landscape.start, "o", color=TEXT, markersize=16)
    ax.plot(*landscape.minimizer, "*", color=TEXT, markersize=32)
    return figure


if __name__ == "__main__":
    draw().savefig(TARGET, dpi=DPI, metadata={"Software": None})
