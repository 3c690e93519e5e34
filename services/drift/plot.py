"""A plot of a drift: for each column the histograms of both sides, and their quantiles against each other."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from models.drift.event import Drift
from schemas.errors import ConfigurationError, DataError
from services.drift.sides import Sides, quantiles, sides_of

_AT = np.linspace(0.005, 0.995, 100)


def save_plot(drift: Drift, path: Path) -> None:
    """Write a PNG, or what the suffix says.

    Raises
    ------
    DataError
        The drift was reported before events carried histograms, or by a detector on errors.
    ConfigurationError
        The file cannot be written.
    """
    found = list(sides_of(drift))
    if not found:
        why = "Alarms of detectors have none" if drift.offset >= 0 else "Only those of this release and later do"
        raise DataError(f"Drift {drift.id} carries no histograms.", f"{why}: leave out --png.")
    figure = Figure(figsize=(10, 3.2 * len(found)), layout="constrained")
    rows = figure.subplots(len(found), 2, width_ratios=[2, 1], squeeze=False)
    for (histogram, quantile), sides in zip(rows, found, strict=True):
        _histograms(histogram, sides)
        _quantiles(quantile, sides)
    figure.suptitle(f"{drift.id}: {drift.kind}, {drift.pattern}, {drift.test} {drift.statistic:.3g}")
    try:
        figure.savefig(path, dpi=130)
    except (OSError, ValueError) as error:  # ValueError: matplotlib knows no such format
        raise ConfigurationError(f"{path} cannot be written: {error}.", "Choose another --png.") from error


def _histograms(axes: Any, sides: Sides) -> None:
    edges_E = sides.edges_E if sides.is_even else np.arange(len(sides.edges_E))
    reference, window = _label("reference", sides.reference_moments), _label("window", sides.window_moments)
    axes.stairs(sides.reference_K, edges_E, fill=True, alpha=0.4, color="tab:blue", label=reference)
    axes.stairs(sides.window_K, edges_E, fill=True, alpha=0.4, color="tab:red", label=window)
    axes.set_title(sides.column)
    axes.set_xlabel("code modulo bins" if sides.is_category else sides.column)
    if not sides.is_even:  # to scale, most of them would be too narrow to be seen
        axes.set_xticks(edges_E, [f"{edge:.4g}" for edge in sides.edges_E], rotation=90, fontsize=7)
        axes.set_xlabel(f"{sides.column}, by its bins")
    axes.set_ylabel("share of rows")
    axes.legend(fontsize=8)


def _label(name: str, moments: tuple[float, float]) -> str:
    mean, spread = moments
    return name if math.isnan(mean) else f"{name}: mean {mean:.4g}, spread {spread:.3g}"


def _quantiles(axes: Any, sides: Sides) -> None:
    """Quantiles of the window over those of the reference; of categories, which have none, the shares of each code."""
    window_Q, reference_Q = (sides.window_K, sides.reference_K) if sides.is_category else quantiles(sides, _AT)
    axes.plot(reference_Q, window_Q, ".", markersize=4, color="tab:red")
    known = np.concatenate([window_Q, reference_Q])
    known = known[np.isfinite(known)]
    if len(known):
        axes.plot([known.min(), known.max()], [known.min(), known.max()], color="grey", linewidth=1)
    axes.set_title("shares" if sides.is_category else "quantiles (Q–Q)")
    axes.set_xlabel("reference")
    axes.set_ylabel("window")
