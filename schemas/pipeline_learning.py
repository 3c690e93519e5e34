"""The learning half of a pipeline file: model and learner."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.pipeline_optimiser import Optimiser
from schemas.pipeline_reaction import ReactionRule
from schemas.pipeline_safeguards import Safeguards
from schemas.section import Section, later


class Model(Section):
    """The learner's hypothesis class. The River kinds and the contest ignore the network keys.

    A `contest` has several learners and serves those that are ahead under the pipeline's own label delay: `label_delay`
    examples are learned between a request and its label, the age of the version that answers counted in.

    `blocks` counts the residual blocks of a tabular_resnet, the hidden layers of an mlp.
    Without a `norm` the network has its own: layer in a tabular_resnet, none in an mlp. `init` draws the first weights.
    `ignore` names request fields that are no input of the model, such as the key of a window. `averaging` is the share
    of the served running average of the weights that each step keeps; 0 serves the weights themselves.
    """

    kind: Literal["tabular_resnet", "mlp", "contest", "river_logistic_regression", "river_hoeffding_adaptive_tree"] = (
        "tabular_resnet"
    )
    label_delay: Annotated[int, Field(ge=0, le=1_000_000)] = later(0)
    hidden: Annotated[int, Field(ge=1, le=8192)] = 128
    blocks: Annotated[int, Field(ge=0, le=64)] = 2
    embedding: Annotated[int, Field(ge=1, le=256)] = 8
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    activation: Literal["relu", "leaky_relu", "prelu", "elu", "silu", "gelu"] = later("relu")
    norm: Literal["layer", "batch", "group", "none"] | None = later(None)
    init: Literal["uniform", "xavier", "he"] = later("uniform")
    averaging: Annotated[float, Field(ge=0, lt=1)] = 0.0
    ignore: tuple[str, ...] = ()
    optimiser: Optimiser = Optimiser()


class Replay(Section):
    """Replay memory: `size` examples held, `mix` of them beside each fresh batch.

    A `reservoir` holds a uniform sample of all that was learned and that the present does not contradict;
    `class_balanced` as many of each class; `concept_balanced` as many of each class in each concept of the bank, drawn
    from past ones first, never from those that the present contradicts.
    """

    kind: Literal["reservoir", "class_balanced", "concept_balanced", "none"] = "reservoir"
    size: Annotated[int, Field(ge=1, le=10_000_000)] = 20_000
    mix: Annotated[int, Field(ge=0, le=65_536)] = 64


class Baseline(Section):
    """A learner that is scored beside the served one, on the same examples with the same label delay.

    What is left out is as in the served one.
    """

    model: Model | None = None
    windows: bool = True
    replay: Replay | None = None
    safeguards: Safeguards | None = later(None)


class Learner(Section):
    """How examples become versions. All counts are of examples in the log, never of time.

    The model store holds the newest `keep_versions` published versions, the versions topic the artefacts of the newest
    `keep_artefacts`: what a store that was lost is rebuilt from. Of older ones it keeps all but the artefact.
    """

    batch: Annotated[int, Field(ge=1, le=65_536)] = 64
    cadence: Annotated[int, Field(ge=1)] = 2048
    checkpoint: Annotated[int, Field(ge=1)] = 8192
    keep_versions: Annotated[int, Field(ge=2)] = 50
    keep_artefacts: Annotated[int, Field(ge=2)] = 500
    score_window: Annotated[int, Field(ge=10)] = 5000
    seed: int = 0
    replay: Replay = Replay()
    safeguards: Safeguards = later(Safeguards())
    reactions: tuple[ReactionRule, ...] = later(())
    baselines: dict[str, Baseline] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _remembers(self) -> Self:
        if self.replay.kind == "none" and self.safeguards.need_memory:
            needy = " and ".join(self.safeguards.need_memory)
            raise ValueError(f"{needy} among the safeguards must have a replay memory: set `replay.kind` to reservoir")
        return self
