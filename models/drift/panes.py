"""Which panes make a window, which its reference, and which are needed no more. Starts of closed panes rise."""

from __future__ import annotations

from schemas.pipeline_drift import Drift as DriftSpec


def window_of(closed: list[float], pane_ms: int, spec: DriftSpec) -> list[float]:
    """Panes of the window that ends with the last closed one.

    Examples
    --------
    >>> window_of([0, 10, 30, 40], 10, DriftSpec(window=30, slide=10))
    [30, 40]
    """
    return [start for start in closed if start > closed[-1] - spec.window]


def reference_of(closed: list[float], pane_ms: int, spec: DriftSpec) -> list[float]:
    """Panes of the reference of the window that ends with the last closed one: before it, or the first of all.

    Examples
    --------
    >>> panes = [0, 10, 20, 30, 40, 50, 60]
    >>> reference_of(panes, 10, DriftSpec(window=20, slide=10, reference=2))
    [10, 20, 30, 40]
    >>> reference_of(panes, 10, DriftSpec(window=20, slide=10, reference=2, against="fixed"))
    [0, 10, 20, 30]
    """
    needed = spec.reference * spec.panes
    before = closed[: len(closed) - len(window_of(closed, pane_ms, spec))]
    return before[:needed] if spec.against == "fixed" else before[-needed:]


def is_judged(closed: list[float], pane_ms: int, spec: DriftSpec) -> bool:
    """Whether there are panes enough for a reference."""
    return len(reference_of(closed, pane_ms, spec)) == spec.reference * spec.panes


def left_behind(closed: list[float], spec: DriftSpec) -> list[float]:
    """Panes that no later window or reference needs.

    Examples
    --------
    >>> left_behind([0, 10, 20], DriftSpec(window=10, reference=2))
    [0]
    >>> left_behind([0, 10, 20, 30], DriftSpec(window=10, reference=2, against="fixed"))
    [20, 30]
    """
    reference, window = spec.reference * spec.panes, spec.panes - 1
    if spec.against == "fixed":
        return closed[reference : max(reference, len(closed) - window)]
    return closed[: max(0, len(closed) - reference - window)]
