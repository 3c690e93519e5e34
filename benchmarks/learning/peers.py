"""River's classifiers behind our protocol, with River's own settings.

All see each row as a dictionary of numbers and learn one by one, however many rows a batch has. The logistic regression
has categories one-hot. Trees have them as numbers, which they split at thresholds: as names, of which a split makes a
branch each, the forest was right 78.9 % of the time on the flights instead of 79.8 %.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from benchmarks.learning.streams import Stream
from models.protocol import Float32, Float64, Learner

MEMBERS: Final = 10


class Peer:
    """One of River's classifiers."""

    def __init__(self, model: Any, classes: int) -> None:
        self._model, self._classes = model, range(classes)

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer each row."""
        rows = [self._answer(row) for row in x_BF.tolist()]
        return np.array(rows, np.float32).reshape(len(rows), -1)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Learn each row."""
        for row, label in zip(x_BF.tolist(), y_B.tolist(), strict=True):
            self._model.learn_one(dict(enumerate(row)), int(label))

    def _answer(self, row: list[float]) -> list[float]:
        found = self._model.predict_proba_one(dict(enumerate(row))) or {}
        total = sum(found.values())
        shares = [found.get(c, 0.0) / total if total > 0 else 1 / len(self._classes) for c in self._classes]
        return shares[1:] if len(shares) == 2 else shares


class LastLabel:
    """Repeats the last label it has seen."""

    def __init__(self, classes: int) -> None:
        self._last, self._classes = 0, classes

    def predict_many(self, x_BF: Float32) -> Float32:
        """Say it for every row."""
        shares_C = np.eye(self._classes, dtype=np.float32)[self._last]
        return np.tile(shares_C[1:] if self._classes == 2 else shares_C, (len(x_BF), 1))

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Keep the last."""
        self._last = int(y_B[-1])


def _logistic_regression(stream: Stream, seed: int) -> Any:
    from river import compose, linear_model, multiclass, preprocessing

    linear: Any = linear_model.LogisticRegression()
    if stream.classes > 2:
        linear = multiclass.OneVsRestClassifier(linear)
    if not stream.categories:
        return preprocessing.StandardScaler() | linear
    numbers = compose.Discard(*stream.categories) | preprocessing.StandardScaler()
    # A row's own codes alone, not the noughts of all others, which change no answer but take most of the time.
    codes = compose.Select(*stream.categories) | preprocessing.OneHotEncoder(drop_zeros=True)
    return (numbers + codes) | linear


def _adaptive_tree(stream: Stream, seed: int) -> Any:
    from river import tree

    return tree.HoeffdingAdaptiveTreeClassifier(seed=seed)


def _adaptive_random_forest(stream: Stream, seed: int) -> Any:
    from river import forest

    return forest.ARFClassifier(n_models=MEMBERS, seed=seed)


def _streaming_random_patches(stream: Stream, seed: int) -> Any:
    from river import ensemble

    return ensemble.SRPClassifier(n_models=MEMBERS, seed=seed)


def _leveraging_bagging(stream: Stream, seed: int) -> Any:
    from river import ensemble, tree

    return ensemble.LeveragingBaggingClassifier(tree.HoeffdingTreeClassifier(), n_models=MEMBERS, seed=seed)


PEERS: Final[dict[str, Callable[[Stream, int], Any]]] = {
    "logistic_regression": _logistic_regression,
    "hoeffding_adaptive_tree": _adaptive_tree,
    "adaptive_random_forest": _adaptive_random_forest,
    "streaming_random_patches": _streaming_random_patches,
    "leveraging_bagging": _leveraging_bagging,
}


def peer_of(name: str, stream: Stream, seed: int) -> Learner:
    """Make a peer that has learned nothing; "last_label" is the simplest."""
    return LastLabel(stream.classes) if name == "last_label" else Peer(PEERS[name](stream, seed), stream.classes)
