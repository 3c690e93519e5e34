"""Who runs: the last label, River's learners and ours, by name."""

from __future__ import annotations

from typing import Final

from benchmarks.learning.memory import HIDDEN, RATE
from benchmarks.learning.peers import PEERS, peer_of
from benchmarks.learning.product import Product
from benchmarks.learning.streams import Stream
from models.assembly import learner_of
from models.contest import Contest, ContestConfig
from models.network import NetworkShape
from models.protocol import Float32, Float64, Learner
from schemas.layout import Layout, RequestColumn
from schemas.pipeline_learning import Model, Replay

OURS: Final = ("mlp", "mlp_replay", "mlp_replay_bank", "contest")
CONTESTANTS: Final = ("last_label", *PEERS, *OURS)


def contestant(name: str, stream: Stream, delay: int, seed: int) -> Learner:
    """Make one of `CONTESTANTS` that has learned nothing; a contest is told how late its labels come."""
    if name == "contest":
        return Contest(ContestConfig(_shape(stream), stream.target, seed, delay))
    if name == "mlp_replay_bank":
        return Banked(stream, seed)
    return _mlp(stream, _REPLAYS[name], seed) if name in _REPLAYS else peer_of(name, stream, seed)


_MLP: Final = {"kind": "mlp", "optimiser": {"kind": "adam", "rate": RATE}}
_REPLAYS: Final = {"mlp": Replay(kind="none"), "mlp_replay": Replay(kind="reservoir", size=5_000, mix=32)}


class Banked:
    """The network as the product's learner, whose replay knows what the present contradicts, and its rate of alarms."""

    def __init__(self, stream: Stream, seed: int) -> None:
        self._product = Product(stream, seed, "concept_balanced", model=_MLP)

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer, without waiting for the gate."""
        return self._product.predict_ungated(x_BF)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Learn."""
        self._product.learn_many(x_BF, y_B)


def _mlp(stream: Stream, replay: Replay, seed: int) -> Learner:
    """The product's network as a pipeline file would have it, without safeguards; naive: without replay too."""
    codes = [stream.categories.get(place, 0) for place in range(stream.x_TF.shape[1])]
    columns = tuple(RequestColumn(f"x{place}", buckets, 0.0, 1.0, False) for place, buckets in enumerate(codes))
    model = Model.model_validate({**_MLP, "hidden": HIDDEN})
    return learner_of(model, replay, Layout(columns, (), stream.target, stream.outputs), seed)


def _shape(stream: Stream) -> NetworkShape:
    numbers = tuple(place for place in range(stream.x_TF.shape[1]) if place not in stream.categories)
    categories = tuple(sorted(stream.categories.items()))
    return NetworkShape(numbers, categories, stream.outputs, hidden=64, blocks=1, embedding=1, dropout=0.0)
