"""The plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
# The same picture from the same figures.
matplotlib.rcParams["svg.hashsalt"] = "changeover"

from matplotlib import pyplot  # noqa: E402


def draw(plot: Any, path: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    if plot[0] == "bars":
        _, title, unit, series = plot
        subjects = list(series)
        groups = list(next(iter(series.values())))
        width = 0.8 / len(subjects)
        for place, subject in enumerate(subjects):
            figures = [series[subject][group] for group in groups]
            medians = [figure.median for figure in figures]
            spread = [
                [figure.median - min(figure.values) for figure in figures],
                [max(figure.values) - figure.median for figure in figures],
            ]
            at = [index + (place - (len(subjects) - 1) / 2) * width for index in range(len(groups))]
            axes.bar(at, medians, width, yerr=spread, capsize=2, label=subject)
        axes.set_xticks(range(len(groups)), groups, rotation=20, ha="right")
    else:
        _, title, x, unit, series = plot
        for subject, points in series.items():
            axes.plot(list(points), [figure.median for figure in points.values()], marker="o", label=subject)
        axes.set_xscale("log")
        axes.set_xlabel(x)
        axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
