"""Why a label was not joined: the reason, from the closed set, and the detail for a person."""

from __future__ import annotations

from schemas.durations import format_duration
from schemas.pipeline import Join
from stream_jobs.label_join.finished import JOINED, TIMED_OUT, Ending
from stream_jobs.label_join.rows import HeldLabel

Cause = tuple[str, str]


def untimely(label: HeldLabel, after_ms: float, join: Join) -> Cause:
    """Explain a label outside its answer's time."""
    if after_ms < 0 and after_ms <= -join.early:
        limit = format_duration(join.early)
        return "early_label", f"label_time is {-after_ms:g} ms before the request; join.early allows less than {limit}"
    limit = format_duration(join.wait)
    if after_ms >= join.wait:
        return "late_label", f"label_time is {after_ms:g} ms after the request; join.wait allows less than {limit}"
    return "late_label", f"came when labels {limit} after the request had been read; send labels in order of time"


def repeated(label: HeldLabel, joined: float) -> Cause:
    """Explain a label beside the one that was joined."""
    if label.value == joined:
        return "duplicate_label", f"value {label.value:g} was joined already"
    return "contradictory_label", f"value {label.value:g}, but {joined:g} was joined; join.conflict decides which"


def after_the_end(label: HeldLabel, ending: Ending) -> Cause:
    """Explain a label whose request is done with."""
    if ending.outcome == JOINED:
        return repeated(label, ending.label)
    if ending.outcome == TIMED_OUT:
        return "late_label", "the answer had waited long enough; raise join.wait if labels take longer"
    return "no_prediction", "the request was answered without a prediction: there is nothing to learn from"


def unknown(label: HeldLabel) -> Cause:
    """Explain an orphan."""
    name = label.id.decode(errors="replace")
    return "unknown_request", f"no answer to request {name!r} came up to join.early + join.wait after label_time"
