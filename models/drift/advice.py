"""What to do about a drift, by its kind and severity."""

from __future__ import annotations

from typing import Final

from models.drift.verdict import Severity
from schemas.pipeline_drift import Kind

_WATCH: Final[dict[Kind, str]] = {
    "covariate": "Watch these columns: the next windows show whether it lasts.",
    "joint": "Watch these columns together: no one of them has moved alone; the next windows show whether it lasts.",
    "quality": "Watch these columns: see whether their source still sends all it should.",
    "expectation": "Look at the rows that break these rules, and at who writes them.",
    "prior": "Watch the labels: the next windows show whether it lasts.",
    "concept": "Watch the scores: the next windows show whether the learner follows.",
}
_ACT: Final[dict[Kind, str]] = {
    "covariate": "Look at where these columns come from; if the change is real, let the model learn it first.",
    "joint": "Look at how these columns go together: a join, a key or one's unit has changed, or the world has.",
    "quality": "Mend the source of these columns: a unit, a default, or a field that went missing.",
    "expectation": "Mend who writes these rows; if it is the rule that is wrong, change it in the pipeline file.",
    "prior": "See that labels still join; if they do, the world has changed, and the learner follows.",
    "concept": "Inputs mean something else now: see that the learner learns, else begin from a banked version.",
}


def action_for(kind: Kind, severity: Severity) -> str:
    """One sentence for the person on call.

    Examples
    --------
    >>> action_for("quality", "act")
    'Mend the source of these columns: a unit, a default, or a field that went missing.'
    """
    return (_ACT if severity == "act" else _WATCH)[kind]
