"""Every activation, norm and first weight that a pipeline file may name, in every kind of network."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.metrics import roc_auc
from models.network_layers import ACTIVATIONS, BOUNDS, NORMS, BatchNorm, dropped, linear_layer
from models.network_mlp import NETWORKS
from models.network_model import manifest_of, shape_of
from models.protocol import Snapshot
from models.snapshot import decode_model, encode_model
from models.tensor_bytes import decode_snapshot, encode_snapshot
from schemas.pipeline_learning import Model
from tests.models.safeguards.rig import learner, teach, teach_stream
from tests.models.streams import shape_for, stream

PARTS: list[dict[str, Any]] = [
    *({"activation": name} for name in ACTIVATIONS),
    *({"norm": name} for name in NORMS),
    *({"init": name} for name in BOUNDS),
    {"activation": "prelu", "norm": "batch", "init": "he", "blocks": 2},
]
every_part = pytest.mark.parametrize("part", PARTS, ids=str)
every_kind = pytest.mark.parametrize("kind", NETWORKS)


@every_kind
@every_part
def test_it_learns_and_comes_back_bit_for_bit(part: dict[str, Any], kind: str) -> None:
    whole, again = (learner(network=part, kind=kind) for _ in range(2))
    teach_stream(whole, 1024, 0)
    again.restore(decode_snapshot(encode_snapshot(whole.snapshot())))
    for one in (whole, again):
        teach_stream(one, 256, 1)
    assert encode_snapshot(whole.snapshot()) == encode_snapshot(again.snapshot())
    x_BF, y_B = stream("binary", 500, seed=2)
    assert roc_auc(whole.predict_many(x_BF)[:, 0], y_B) > 0.75


@every_kind
@every_part
def test_what_is_published_answers_as_the_learner(part: dict[str, Any], kind: str) -> None:
    one = learner(network=part, kind=kind)
    teach_stream(one, 256, 0)
    blob, digest = encode_model(one.served())
    x_BF, _ = stream("binary", 50, seed=1)
    assert np.array_equal(decode_model(blob).predict_many(x_BF), one.predict_many(x_BF))
    assert encode_model(decode_model(blob)) == (blob, digest)
    # An answer is a matter of its row alone, whoever else is in the batch.
    np.testing.assert_allclose(one.predict_many(x_BF[:1]), one.predict_many(x_BF)[:1], atol=1e-6)


@every_kind
@pytest.mark.parametrize("norm", NORMS)
def test_a_batch_of_one_row_is_learned_from(norm: str, kind: str) -> None:
    one = learner(network={"norm": norm}, kind=kind, size=0, mix=0)
    x_BF, y_B = stream("binary", 20, seed=0)
    for i in range(20):
        one.learn_many(x_BF[i : i + 1], y_B[i : i + 1])
    assert np.isfinite(one.predict_many(x_BF)).all()


def words(annotation: Any) -> set[str]:
    """Every text that a type allows."""
    inner = get_args(annotation)
    return {annotation} if isinstance(annotation, str) else {word for part in inner for word in words(part)}


def test_the_pipeline_file_knows_the_same_names() -> None:
    for field, known in (("activation", ACTIVATIONS), ("norm", NORMS), ("init", BOUNDS)):
        assert words(Model.model_fields[field].annotation) == set(known)


def test_what_came_later_is_in_no_manifest_until_it_is_used() -> None:
    plain = shape_for("binary")
    assert not manifest_of(plain).keys() & {"activation", "norm", "init"}
    other = shape_of(manifest_of(plain) | {"activation": "gelu"})
    assert manifest_of(other)["activation"] == "gelu"


@pytest.mark.parametrize("wrong", [{"activation": "exec"}, {"norm": "x"}, {"init": 3}])
def test_a_shape_of_unknown_parts_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="network of these parts"):
        shape_of(manifest_of(shape_for("binary")) | wrong)


@pytest.mark.parametrize(
    ("init", "variance"), [("xavier", 2 / (300 + 100)), ("he", 2 / 300), ("uniform", 1 / (3 * 300))]
)
def test_first_weights_have_the_variance_of_their_paper(init: str, variance: float) -> None:
    layer = linear_layer(300, 100, torch.Generator().manual_seed(0), init)
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.05)
    assert layer.weight.mean().item() == pytest.approx(0, abs=0.02 * variance**0.5)
    assert bool(layer.bias.any()) == (init == "uniform")


@given(seed=st.integers(0, 100), rows=st.integers(2, 40), scale=st.floats(0.1, 100))
def test_a_batch_norm_standardises_and_only_learning_moves_its_moments(seed: int, rows: int, scale: float) -> None:
    norm, source = BatchNorm(3), torch.Generator().manual_seed(seed)
    h_BH = torch.randn((rows, 3), generator=source) * scale + 5
    out_BH = norm(h_BH, learning=True).detach()
    torch.testing.assert_close(out_BH.mean(0), torch.zeros(3), atol=1e-3, rtol=0)
    expected = torch.nn.functional.batch_norm(h_BH, None, None, training=True)
    torch.testing.assert_close(out_BH, expected, atol=1e-4, rtol=1e-4)
    moved = norm.mean_H.clone()
    assert moved.any()
    norm(h_BH + 1, learning=False)
    assert torch.equal(norm.mean_H, moved)


def test_a_batch_norm_that_has_seen_enough_answers_alike_in_both_ways() -> None:
    norm, source = BatchNorm(2), torch.Generator().manual_seed(0)
    h_BH = torch.randn((500, 2), generator=source) * 3 + 1
    for _ in range(200):
        learned_BH = norm(h_BH, learning=True)
    torch.testing.assert_close(learned_BH, norm(h_BH, learning=False), atol=1e-4, rtol=1e-4)


@given(seed=st.integers(0, 100), share=st.floats(0.1, 0.9))
def test_dropout_keeps_the_mean_and_is_decided_by_its_source(seed: int, share: float) -> None:
    h_BH = torch.ones(200, 50)
    first, second = (dropped(h_BH, share, torch.Generator().manual_seed(seed)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.mean().item() == pytest.approx(1, abs=6 * (share / (1 - share) / h_BH.numel()) ** 0.5)
    assert dropped(h_BH, share, None) is h_BH


def test_dropouts_random_state_is_saved() -> None:
    one = learner(network={"dropout": 0.5})
    teach(one, *stream("binary", 64, seed=0))
    again = learner(network={"dropout": 0.5})
    again.restore(one.snapshot())
    tensors = dict(one.snapshot().tensors) | {"noise": learner(network={"dropout": 0.5}).snapshot().tensors["noise"]}
    other = learner(network={"dropout": 0.5})
    other.restore(Snapshot(tensors, one.snapshot().manifest))
    for each in (one, again, other):
        teach(each, *stream("binary", 64, seed=1))
    assert encode_model(one.served()) == encode_model(again.served())
    assert encode_model(one.served()) != encode_model(other.served())
