"""What a pipeline must be like for the reactions that its file, or a person, asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from schemas.bank_rules import CURE, has_bank
from schemas.error_detectors import misread
from schemas.pipeline_gate import BetterGate
from schemas.pipeline_reaction import Action

if TYPE_CHECKING:
    from schemas.pipeline import Pipeline

_NETWORKS: Final = ("tabular_resnet", "mlp")


def reaction_faults(pipeline: Pipeline) -> Iterator[str]:
    """Name what the section `learner.reactions` asks of a pipeline that does not have it, as ``path: message``."""
    for place, rule in enumerate(pipeline.learner.reactions):
        at = f"learner.reactions.{place}"
        if rule.regime and not has_bank(pipeline):
            yield f"{at}.regime: it is the concept bank that finds regimes: {CURE}"
        if rule.worse is not None and rule.worse.than == "champion" and not isinstance(pipeline.gate, BetterGate):
            yield f"{at}.worse.than: there is a champion with `gate.policy: better` only; take own"
        if why := misread(rule.alarm, pipeline.target.type):
            yield f"{at}.alarm: {why}"
        yield from action_faults(pipeline, rule.do, f"{at}.do")


def action_faults(pipeline: Pipeline, action: Action, at: str = "do") -> Iterator[str]:
    """Name what an action asks of a pipeline that does not have it, as ``path: message``."""
    kind, inherits = pipeline.model.kind, _inherited(action)
    if kind not in _NETWORKS and (action.steps or inherits):
        names = ", ".join(action.steps or inherits)
        yield f"{at}.{names}: for networks only, and model.kind is {kind}; it can be retrained in full"
    elif inherits and not isinstance(pipeline.gate, BetterGate):
        yield f"{at}.{inherits[0]}: must begin with a version: the learner keeps them with `gate.policy: better` only"
    elif inherits and inherits[0] != "retrain.incremental" and not has_bank(pipeline):
        yield f"{at}.{inherits[0]}: must begin with a banked version: set `gate.concepts.size` above 0"


def _inherited(action: Action) -> tuple[str, ...]:
    """Name what begins with the weights of a version, if there is such a thing."""
    if action.recall is not None:
        return ("recall",)
    retrain = action.retrain
    return () if retrain is None or retrain.how == "full" else (f"retrain.{retrain.how}",)
