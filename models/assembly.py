"""From the words of a pipeline file to a learner."""

from __future__ import annotations

from typing import Final

from models.contest import Contest, ContestConfig
from models.network import NetworkShape
from models.network_mlp import NETWORKS
from models.network_model import NetworkModel
from models.normaliser import Normaliser
from models.protocol import Learner, ServableLearner, ServedModel
from models.time_ensemble import TimeEnsemble
from models.torch_learner import TorchLearner
from models.torch_learner_config import TorchLearnerConfig
from schemas.errors import ConfigurationError
from schemas.layout import Layout, layout_of
from schemas.pipeline import Pipeline
from schemas.pipeline_learning import Model, Replay
from schemas.pipeline_safeguards import Safeguards

_NO_SAFEGUARDS: Final = Safeguards()


def pipeline_learner(pipeline: Pipeline, seed: int | None = None) -> ServableLearner:
    """Make the learner that a pipeline file asks for; with another `seed` than its own if one is given.

    Raises
    ------
    ConfigurationError
        The pipeline asks to serve a kind that can only be scored.
    """
    rules, chosen = pipeline.learner, pipeline.learner.seed if seed is None else seed
    return servable_learner_of(pipeline.model, rules.replay, layout_of(pipeline), chosen, rules.safeguards)


def learner_of(
    model: Model, replay: Replay, layout: Layout, seed: int, safeguards: Safeguards = _NO_SAFEGUARDS
) -> Learner:
    """Make a learner to be scored: any kind.

    Parameters
    ----------
    model, replay, safeguards
        Sections of the pipeline file. The last two are for networks; River's models learn one by one.
    layout : Layout
        Of the vectors that it will be given.
    seed : int
        Decides first weights and every draw.
    """
    if model.kind == "river_hoeffding_adaptive_tree":
        # River brings SciPy's statistics, seconds of imports: only who asks for it pays.
        from models.river_tree import RiverTree

        return RiverTree(network_shape(model, layout), layout.target, seed)
    return servable_learner_of(model, replay, layout, seed, safeguards)


def servable_learner_of(
    model: Model, replay: Replay, layout: Layout, seed: int, safeguards: Safeguards = _NO_SAFEGUARDS
) -> ServableLearner:
    """Make a learner to be published and checkpointed.

    Raises
    ------
    ConfigurationError
        The pipeline asks to serve a kind that can only be scored.
    """
    shape = network_shape(model, layout)
    if model.kind == "river_hoeffding_adaptive_tree":
        raise ConfigurationError(
            "A Hoeffding adaptive tree can be scored as a baseline but not served: it has no form other than a pickle.",
            "Set `model.kind` to tabular_resnet, mlp or river_logistic_regression.",
        )
    if model.kind == "river_logistic_regression":
        from models.river_linear import RiverLinear

        return RiverLinear(shape, layout.target)
    if model.kind == "contest":
        return Contest(ContestConfig(shape, layout.target, seed, model.label_delay))
    config = TorchLearnerConfig(
        shape=shape,
        target=layout.target,
        width=layout.width,
        optimiser=model.optimiser,
        averaging=model.averaging,
        replay_size=replay.size if replay.kind != "none" and (replay.mix or safeguards.need_memory) else 0,
        replay_mix=replay.mix,
        seed=seed,
        kind=model.kind,
        replay_kind="reservoir" if replay.kind == "none" else replay.kind,
        safeguards=safeguards,
    )
    return TorchLearner(config) if safeguards.ensemble is None else TimeEnsemble(config, safeguards.ensemble)


def blank_model_of(model: Model, layout: Layout, seed: int) -> ServedModel:
    """Make a model that has learned nothing, without a learner around it: to warm up what serves.

    A learner of networks has an optimiser, and torch's loads its compiler with it: 900 modules, a second and more.

    Raises
    ------
    ConfigurationError
        As `servable_learner_of`.
    """
    if model.kind not in NETWORKS:
        return servable_learner_of(model, Replay(kind="none"), layout, seed).served()
    shape = network_shape(model, layout)
    return NetworkModel(shape, layout.target, NETWORKS[model.kind](shape, seed), Normaliser(1))


def network_shape(model: Model, layout: Layout) -> NetworkShape:
    """Pick the columns that the model uses, and its size; `model.ignore` names request fields to leave out.

    Examples
    --------
    >>> from schemas.layout import RequestColumn
    >>> columns = (RequestColumn("a", 0, 0, 1, False), RequestColumn("b", 9, 0, 9, False))
    >>> shape = network_shape(Model(ignore=("b",)), Layout(columns, (), "binary", 1))
    >>> shape.numbers, shape.categories
    ((0,), ())
    """
    named = zip(layout.names, layout.buckets, strict=True)
    used = [(place, buckets) for place, (name, buckets) in enumerate(named) if name not in model.ignore]
    return NetworkShape(
        numbers=tuple(place for place, buckets in used if not buckets),
        categories=tuple((place, buckets) for place, buckets in used if buckets),
        outputs=layout.outputs,
        hidden=model.hidden,
        blocks=model.blocks,
        embedding=model.embedding,
        dropout=model.dropout,
        activation=model.activation,
        norm=model.norm or "",
        init=model.init,
    )
