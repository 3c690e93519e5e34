"""What a pipeline file says becomes the learner it means."""

from __future__ import annotations

import pytest

from models.assembly import blank_model_of, learner_of, network_shape, pipeline_learner, servable_learner_of
from models.contest import Contest
from models.river_linear import RiverLinear
from models.river_tree import RiverTree
from models.snapshot import encode_model
from models.time_ensemble import TimeEnsemble
from models.torch_learner import TorchLearner
from schemas.errors import ConfigurationError
from schemas.layout import Layout, RequestColumn
from schemas.pipeline_learning import Model, Replay
from tests.services.learner.rig import small_contracts

LAYOUT = Layout(
    (
        RequestColumn("size", 0, 0, 9, False),
        RequestColumn("shop", 16, 0, 16, False),
        RequestColumn("age", 0, 0, 9, False),
    ),
    (),
    "binary",
    1,
)
TREE = Model(kind="river_hoeffding_adaptive_tree")


def test_each_kind_is_made() -> None:
    kinds = {
        "tabular_resnet": TorchLearner,
        "mlp": TorchLearner,
        "contest": Contest,
        "river_logistic_regression": RiverLinear,
        TREE.kind: RiverTree,
    }
    for kind, expected in kinds.items():
        assert isinstance(learner_of(Model.model_validate({"kind": kind}), Replay(), LAYOUT, 0), expected)


def test_a_tree_is_scored_not_served() -> None:
    with pytest.raises(ConfigurationError, match="not served"):
        servable_learner_of(TREE, Replay(), LAYOUT, 0)


@pytest.mark.parametrize("kind", ["tabular_resnet", "mlp", "contest", "river_logistic_regression"])
def test_a_blank_model_is_what_a_learner_serves_that_has_learned_nothing(kind: str) -> None:
    model = Model.model_validate({"kind": kind})
    served = servable_learner_of(model, Replay(), LAYOUT, 7).served()
    assert encode_model(blank_model_of(model, LAYOUT, 7)) == encode_model(served)


def test_a_pipelines_learner_has_all_that_its_file_says() -> None:
    plain = small_contracts().pipeline
    ensemble = small_contracts(keep="keep_versions: 4, safeguards: {ensemble: {}}").pipeline
    assert isinstance(pipeline_learner(plain), TorchLearner)
    assert isinstance(pipeline_learner(ensemble), TimeEnsemble)
    first, again, other = (encode_model(pipeline_learner(plain, seed).served())[1] for seed in (None, 0, 1))
    assert first == again != other


def test_ignored_fields_are_no_input() -> None:
    shape = network_shape(Model(ignore=("shop", "size")), LAYOUT)
    assert (shape.numbers, shape.categories) == ((2,), ())
