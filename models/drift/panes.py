"""Which panes make a window, which its reference, and which are needed no more. Starts of closed panes rise."""

from __future__ import annotations

from schemas.pipeline_drift import Drift as DriftSpec


def window_of(closed: list[float], pane_ms: int, spec: DriftSpec) -> list[float]:
    """Panes of the window that ends with the last closed one.

    Examples
    --------
    >>> window_of([0, 10, 30, 40], 10, DriftSpec(window=30, slide=10))
    [30, 40]
    >>> window_of([0, 10, 30, 40], 10, DriftSpec(window=30, slide=10, rows=900))
    [10, 30, 40]
    """
    if spec.stretch is not None:  # of panes that were joined, whatever their length
        return closed[-spec.panes :]
    return [start for start in closed if start > closed[-1] - spec.window]


def reference_of(
    closed: list[float], pane_ms: int, spec: DriftSpec, trained_through: float | None = None
) -> list[float]:
    """Panes of the reference of the window that ends with the last closed one; none while there are too few.

    They are those before it, or the first of all, or, against the champion, the last ones that end by
    `trained_through`: if too few of them are remembered, the oldest; if that is not known, none.

    Examples
    --------
    >>> panes = [0, 10, 20, 30, 40, 50, 60]
    >>> reference_of(panes, 10, DriftSpec(window=20, slide=10, reference=2))
    [10, 20, 30, 40]
    >>> reference_of(panes, 10, DriftSpec(window=20, slide=10, reference=2, against="fixed"))
    [0, 10, 20, 30]
    >>> reference_of(panes, 10, DriftSpec(window=10, reference=2, against="champion"), trained_through=45)
    [20, 30]
    """
    needed = spec.reference * spec.panes
    before = closed[: len(closed) - len(window_of(closed, pane_ms, spec))]
    if len(before) < needed:
        return []
    if spec.against == "champion":
        learned = [start for start in before if trained_through is not None and start + pane_ms <= trained_through]
        enough = len(learned) >= needed
        return learned[-needed:] if enough else before[:needed] if trained_through is not None else []
    return before[:needed] if spec.against == "fixed" else before[-needed:]


def left_behind(closed: list[float], spec: DriftSpec, reference: list[float] | None = None) -> list[float]:
    """Panes that no later window or reference needs.

    Against the champion, its `reference` is kept, and twice as many windows as one has before the last: the next
    champion was trained on those.

    Examples
    --------
    >>> left_behind([0, 10, 20], DriftSpec(window=10, reference=2))
    [0]
    >>> left_behind([0, 10, 20, 30], DriftSpec(window=10, reference=2, against="fixed"))
    [20, 30]
    >>> left_behind([0, 10, 20, 30, 40, 50], DriftSpec(window=10, reference=1, against="champion"), [10])
    [0, 20, 30]
    """
    needed, window = spec.reference * spec.panes, spec.panes - 1
    if spec.against == "fixed":
        return closed[needed : max(needed, len(closed) - window)]
    if spec.against == "champion":
        return [
            start for start in closed[: max(0, len(closed) - 2 * needed - window)] if start not in (reference or ())
        ]
    return closed[: max(0, len(closed) - needed - window)]
