"""Detectors on the learner's errors, by the names that a pipeline file has for them."""

from __future__ import annotations

from typing import Final, Literal

Alarm = Literal["error_rate", "adwin", "page_hinkley", "kswin", "ddm", "eddm", "hddm_a", "hddm_w"]
OF_CLASSES: Final[frozenset[str]] = frozenset({"error_rate", "ddm", "eddm", "hddm_a", "hddm_w"})
"""Those that read right and wrong, which a regression does not have."""


def misread(kind: Alarm | None, target: str) -> str:
    """Say why a detector cannot read the errors of a target; empty if it can.

    Examples
    --------
    >>> misread("ddm", "regression")
    'ddm reads right and wrong, and a regression has losses; take adwin'
    >>> misread("adwin", "regression"), misread("ddm", "binary")
    ('', '')
    """
    if kind in OF_CLASSES and target == "regression":
        return f"{kind} reads right and wrong, and a regression has losses; take adwin"
    return ""
