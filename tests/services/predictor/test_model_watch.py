"""The watch swaps in what is newer and fit, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import structlog
from numpy.typing import NDArray

from adapters.metrics_memory import MemoryMetrics
from adapters.model_digest import digest_of
from adapters.model_store_memory import MemoryModelStore
from adapters.ports import ModelPointer
from models.linear_model import LinearModel
from models.snapshot import encode_model
from schemas.errors import DataError, DependencyError
from schemas.versions import Version
from services.predictor.device import choose_device, loader_for
from services.predictor.model_watch import LONGEST_PAUSE_MS, ModelWatch
from services.predictor.serving_model import try_out
from tests.services.predictor.world import blob, contracts, model

LAYOUT = contracts().layout


class Store(MemoryModelStore):
    """Fails while `away`."""

    away = False

    def current(self) -> ModelPointer | None:
        if self.away:
            raise DependencyError("Redis is away.")
        return super().current()


class World:
    def __init__(self) -> None:
        self.store, self.metrics, self.now = Store(), MemoryMetrics("predictor"), 0.0
        load = loader_for(choose_device("cpu"), LAYOUT)
        log = structlog.get_logger()
        self.announced: Version | None = None
        self.watch = ModelWatch(
            self.store, load, LAYOUT, 8, 5, lambda: self.now, self.metrics, log, lambda: self.announced
        )

    def number(self) -> int | None:
        return self.watch.serving.number if self.watch.serving else None

    def publish(self, number: int, content: bytes, manifest: str = "{}") -> str:
        digest = self.store.put(content)
        assert self.store.publish(number, digest, manifest)
        return digest

    def look(self) -> None:
        self.now += 5
        self.watch.look()


@pytest.fixture
def world() -> World:
    return World()


def test_the_current_version_is_swapped_in(world: World) -> None:
    world.look()
    assert world.number() is None
    digest = world.publish(3, blob(LAYOUT))
    world.look()
    assert world.watch.serving is not None
    assert (world.number(), world.watch.serving.digest.hex()) == (3, digest)
    x_BF = np.ones((2, LAYOUT.width), np.float32)
    np.testing.assert_array_equal(world.watch.serving.model.predict_many(x_BF), model(LAYOUT).predict_many(x_BF))
    assert (world.metrics.value("swaps_total"), world.metrics.value("model_version_number")) == (1, 3)


@pytest.mark.parametrize(
    ("manifest", "told"),
    [('{"trained_through": 5.5}', 5.5), ("{}", 0.0), ("[]", 0.0), ("{", 0.0), ('{"trained_through": NaN}', 0.0)],
)
def test_up_to_when_a_version_had_learned_is_told_by_its_manifest_if_by_any(
    world: World, manifest: str, told: float
) -> None:
    world.publish(3, blob(LAYOUT), manifest)
    world.look()
    assert world.watch.serving is not None
    assert world.watch.serving.trained_through == told


def _not_a_number() -> bytes:
    broken = model(LAYOUT)
    broken.bias_K[:] = np.nan
    return encode_model(broken, LAYOUT.names)[0]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"no model at all", id="no safetensors"),
        pytest.param(blob(LAYOUT)[:-8], id="truncated"),
        pytest.param(blob(contracts(windows=False).layout), id="other columns"),
        pytest.param(encode_model(model(contracts("multiclass").layout), LAYOUT.names)[0], id="other outputs"),
        pytest.param(_not_a_number(), id="not finite"),
    ],
)
def test_a_version_that_is_not_fit_leaves_the_last_good_one(world: World, bad: bytes) -> None:
    world.publish(1, blob(LAYOUT))
    world.look()
    world.publish(2, bad)
    world.look()
    assert world.number() == 1
    assert world.metrics.value("refused_models_total") == 1
    assert not world.watch.away
    world.publish(3, blob(LAYOUT, seed=1))
    world.look()
    assert world.number() == 3


def test_a_bad_version_is_tried_ever_more_rarely(world: World) -> None:
    world.publish(1, b"no model at all")
    for _ in range(2000):
        world.look()
    assert 3 <= world.metrics.value("refused_models_total") <= 10


def test_a_blob_that_was_changed_is_refused_and_taken_once_it_is_mended(world: World) -> None:
    good = blob(LAYOUT)
    digest = world.publish(1, good)
    world.store._blobs[digest] = blob(LAYOUT, seed=5)
    world.look()
    assert world.number() is None
    world.store.put(good)
    world.now += LONGEST_PAUSE_MS
    world.look()
    assert world.number() == 1


def test_a_store_that_is_away_is_told_and_found_again(world: World) -> None:
    world.publish(1, blob(LAYOUT))
    world.look()
    world.store.away = True
    world.look()
    assert world.metrics.value("swaps_total") == 1
    assert world.watch.away
    world.store.away = False
    world.publish(2, blob(LAYOUT, seed=1))
    world.now += LONGEST_PAUSE_MS
    world.look()
    assert (world.watch.away, world.number()) == (False, 2)


def test_versions_only_rise(world: World) -> None:
    world.publish(5, blob(LAYOUT))
    world.look()
    world.store._current = ModelPointer(4, world.store.put(blob(LAYOUT, seed=1)))
    world.look()
    assert world.number() == 5


def test_a_store_that_lost_its_versions_is_told_of_until_it_is_whole_again(world: World) -> None:
    world.publish(3, blob(LAYOUT))
    world.look()
    assert not world.watch.lost
    world.store.__init__()  # type: ignore[misc]
    world.look()
    assert (world.number(), world.watch.lost, world.watch.away) == (3, True, False)
    world.store.restore(2, world.store.put(blob(LAYOUT, seed=2)), "{}")
    world.look()
    assert (world.number(), world.watch.lost) == (3, True), "it never goes back by itself"
    world.store.restore(3, world.store.put(blob(LAYOUT)), "{}")
    world.look()
    assert (world.number(), world.watch.lost) == (3, False)


def version(number: int, content: bytes) -> Version:
    return Version(number, digest_of(content), True, "{}", content)


@pytest.mark.parametrize("away", [False, True])
def test_started_without_a_store_it_serves_what_was_announced(world: World, away: bool) -> None:
    world.store.away, world.announced = away, version(4, blob(LAYOUT))
    world.watch.start()
    world.watch.close()
    assert (world.number(), world.watch.away, world.watch.lost) == (4, away, not away)
    world.store.away = False
    world.publish(5, blob(LAYOUT, seed=1))
    world.now += LONGEST_PAUSE_MS
    world.look()
    assert (world.number(), world.watch.away, world.watch.lost) == (5, False, False)


def test_an_announced_model_that_is_not_what_its_digest_says_does_not_serve(world: World) -> None:
    world.announced = replace(version(4, blob(LAYOUT)), artefact=blob(LAYOUT, seed=3))
    world.watch.start()
    world.watch.close()
    assert world.number() is None


def test_with_a_version_in_the_store_the_topic_is_not_asked(world: World) -> None:
    world.publish(3, blob(LAYOUT))
    world.announced = version(4, blob(LAYOUT, seed=1))
    world.watch.start()
    world.watch.close()
    assert world.number() == 3


class _WrongShape:
    def predict_many(self, x_BF: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.zeros((len(x_BF), 2), np.float32)


def test_the_trial_names_a_wrong_shape() -> None:
    with pytest.raises(DataError, match="shape"):
        try_out(_WrongShape(), LAYOUT, 8)
    fit: LinearModel = model(LAYOUT)
    try_out(fit, LAYOUT, 1)
