"""Results as tables and a figure: ratios within one run, which a noisy machine keeps."""

from typing import Any

from benchmarks.contestants import CONTESTANTS, PEERS

# Ratios to be reached: companion's engine, against whom, at which sizes, at most.
TARGETS = [
    ("companion numba", "best peer", ("1e3", "1e4", "1e5", "1e6"), 0.75),
    ("companion numba", "best peer", ("2e7",), 1.0),
    ("companion numba", "memory floor", ("2e7",), 1.15),
    ("companion numba, packed", "best peer", ("200 arrays",), 0.1),
    ("companion numpy", "companion eager", ("1e6", "2e7"), 0.25),
]


def best_peer(times: dict[str, float]) -> str:
    """Return the name of the fastest peer."""
    return min((name for name in PEERS if name in times), key=times.__getitem__)


def ratio(times: dict[str, float], name: str, against: str) -> float:
    """Return the time of one contestant in units of another's."""
    return times[name] / times[best_peer(times) if against == "best peer" else against]


def markdown(results: dict[str, Any]) -> str:
    """Print all medians in microseconds, then each target with the ratio reached."""
    machine = results["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items())
    lines = [
        "{processor}, {cores} cores, {threads} threads, {date}; Python {python}, ".format(**machine)
        + versions,
        "",
    ]
    for rule, by_size in results["seconds"].items():
        lines += [f"**{rule}**, float32, median microseconds a step", ""]
        lines += ["| | " + " | ".join(by_size) + " |", "|---|" + "---:|" * len(by_size)]
        for name in CONTESTANTS:
            cells = [f"{t[name] * 1e6:.4g}" if name in t else "" for t in by_size.values()]
            if any(cells):
                lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += ["| rule | size | ratio | target | reached | |", "|---|---|---|---:|---:|---|"]
    for rule, by_size in results["seconds"].items():
        for name, against, sizes, limit in TARGETS:
            for size in (s for s in sizes if s in by_size):
                reached = ratio(by_size[size], name, against)
                other = best_peer(by_size[size]) if against == "best peer" else against
                verdict = "met" if reached <= limit else "**missed**"
                lines.append(
                    f"| {rule} | {size} | {name} / {other} | {limit} | {reached:.3g} | {verdict} |"
                )
    for name, first in results["first step"].items():
        times = f"{first['cold']:.2f} s cold, {first['warm']:.2f} s with a warm cache"
        lines += ["", f"First step in a new process, {name}: {times}."]
    return "\n".join(lines) + "\n"


def figure(results: dict[str, Any]) -> Any:
    """Plot the time of each contestant in units of the best peer's, a panel a rule."""
    import matplotlib.pyplot as plt

    by_rule = results["seconds"]
    figure, panels = plt.subplots(
        1, len(by_rule), figsize=(4.2 * len(by_rule), 4.4), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    markers = dict(zip(CONTESTANTS, "osD*^v<>pXh", strict=True))
    for panel, (rule, by_size) in zip(panels[0], by_rule.items(), strict=True):
        for name in CONTESTANTS:
            points = [
                (i, ratio(times, name, "best peer"))
                for i, times in enumerate(by_size.values())
                if name in times
            ]
            own = name.startswith("companion n")
            if points:
                panel.plot(*zip(*points, strict=True), marker=markers[name], label=name,
                           linewidth=2 if own else 0.8, alpha=1 if own else 0.7)  # fmt: skip
        panel.axhline(1, color="0.4", linewidth=0.8)
        panel.set(title=rule, yscale="log", xlabel="parameters (float32)")
        panel.set_xticks(range(len(by_size)), by_size, rotation=30)
    panels[0][0].set_ylabel("time of a step / that of the best peer")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
