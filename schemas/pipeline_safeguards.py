"""What keeps a learner from forgetting, as a pipeline file says it. Every safeguard is off until it is named."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.section import Section, later

Strength = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Ewc(Section):
    """Elastic weight consolidation: weights that mattered are held where they were at the last anchor.

    `decay` is the share of the older importances that each new anchor keeps.
    """

    strength: Strength = 10.0
    decay: Share = 0.9


class SynapticIntelligence(Section):
    """Synaptic intelligence: as EWC, the importance being how much a weight's own path lowered the loss.

    `damping` keeps the importance of a weight that hardly moved finite.
    """

    strength: Strength = 10.0
    damping: Annotated[float, Field(gt=0, le=1e3)] = 0.1
    decay: Share = 1.0


class ParentPull(Section):
    """A pull of all weights alike to those of the last anchor."""

    strength: Strength = 0.01


class Distillation(Section):
    """The last anchor's answers are learned beside the labels; a higher `temperature` heeds its lesser classes more."""

    strength: Strength = 0.25
    temperature: Annotated[float, Field(ge=1, le=100)] = 2.0


class AGem(Section):
    """A step against the gradient of `rows` remembered examples is turned aside until it no longer is.

    That gradient is computed `every` so many steps, and serves until then.
    """

    rows: Annotated[int, Field(ge=1, le=65_536)] = 256
    every: Annotated[int, Field(ge=1, le=1024)] = later(4)


class LogitReplay(Section):
    """Replayed examples are held to what the network said when they were fresh, beside their labels (DER++)."""

    strength: Strength = 0.1


class Ensemble(Section):
    """The learner answers together with copies of itself from the past, each weighted by its recent loss.

    A copy is frozen `every` so many examples, `members` of them are kept. A loss keeps the share `fade` with each later
    example; the higher the `eagerness`, the more the best one counts.
    """

    members: Annotated[int, Field(ge=1, le=32)] = 4
    every: Annotated[int, Field(ge=1)] = 8192
    fade: Annotated[float, Field(gt=0, lt=1)] = 0.998
    eagerness: Annotated[float, Field(gt=0, le=1000)] = 1.0


class Safeguards(Section):
    """Any mix of them; they act on networks.

    `anchor` says when the learner's present becomes what they hold to: with each published `version`, with each change
    of `concept`, or every so many examples.
    """

    anchor: Literal["version", "concept"] | Annotated[int, Field(ge=1)] = "version"
    ewc: Ewc | None = None
    synaptic_intelligence: SynapticIntelligence | None = None
    parent: ParentPull | None = None
    distillation: Distillation | None = None
    a_gem: AGem | None = None
    logit_replay: LogitReplay | None = None
    ensemble: Ensemble | None = None

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of those that are on."""
        return tuple(name for name in type(self).model_fields if name != "anchor" and getattr(self, name) is not None)

    @property
    def need_memory(self) -> tuple[str, ...]:
        """Names of those chosen that draw from the replay memory."""
        return tuple(name for name in self.chosen if name in ("a_gem", "logit_replay"))
