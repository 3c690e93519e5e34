"""What the fold knows of reactions: the rules' past, what was asked, and where in the log to find what lies behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from models.protocol import Json
from models.reaction import RuleState
from services.learner.marks import LeftOut, Marks, pairs_of

_REMEMBERED: Final = 256
"""Requests of people that are known to be done."""


@dataclass(frozen=True, slots=True)
class ReactionState:
    """Part of the learner's state.

    Attributes
    ----------
    rules : tuple of RuleState
        One for each rule of the pipeline file.
    asked : tuple of str
        Ids of what people asked, newest last.
    marks, left_out : Marks, LeftOut
        Of the log.
    """

    rules: tuple[RuleState, ...] = ()
    asked: tuple[str, ...] = ()
    marks: Marks = field(default_factory=Marks)
    left_out: LeftOut = field(default_factory=LeftOut)

    def with_asked(self, id_: str) -> Self:
        """Remember a request."""
        return type(self)(self.rules, (*self.asked, id_)[-_REMEMBERED:], self.marks, self.left_out)

    def as_json(self) -> Json:
        """All of it."""
        return {
            "rules": [rule.as_json() for rule in self.rules],
            "asked": list(self.asked),
            "stride": self.marks.stride,
            "marks": list(self.marks.pairs),
            "left_out": list(self.left_out.stretches),
        }

    @classmethod
    def from_json(cls, told: Json) -> Self:
        """The one that `as_json` told of."""
        rules = tuple(RuleState.from_json(rule) for rule in told["rules"])
        marks = Marks(int(told["stride"]), pairs_of(told["marks"]))
        return cls(rules, tuple(map(str, told["asked"])), marks, LeftOut(pairs_of(told["left_out"])))
