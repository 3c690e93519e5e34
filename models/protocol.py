"""What a learner is: it answers, it learns, and it can be put away and brought back.

Shape suffixes: B rows of a batch, F columns of the feature vector, K outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Json = dict[str, Any]
Target = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State as tensors plus what JSON can say. Two equal states have equal snapshots, to the bit."""

    tensors: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    manifest: Json = field(default_factory=dict)


class ServedModel(Protocol):
    """A model that answers and never changes."""

    @property
    def kind(self) -> str:
        """Which decoder reads its snapshot."""
        ...

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch.

        Parameters
        ----------
        x_BF : ndarray of float32, shape (B, F)
            Vectors as served: numbers, category codes, windows; NaN where missing.

        Returns
        -------
        ndarray of float32, shape (B, K)
            Binary: the probability of 1. Multiclass: a probability for each class. Regression: the value.
        """
        ...

    def snapshot(self) -> Snapshot:
        """State from which the same model can be built."""
        ...


class Learner(Protocol):
    """Answers with all it has learned so far, and learns."""

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch, as `ServedModel.predict_many` does."""
        ...

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Make one update on a fresh batch, mixed with replay where the learner has a memory.

        The state afterwards is a pure function of the seed and the batches given so far (CPU, one thread).

        Parameters
        ----------
        x_BF : ndarray of float32, shape (B, F)
        y_B : ndarray of float64, shape (B,)
            0 or 1, a class index, or a value. Finite.
        """
        ...


class ServableLearner(Learner, Protocol):
    """A learner that can be published and survives a crash."""

    @property
    def answering(self) -> ServedModel:
        """What `predict_many` answers with: it goes on learning, but its snapshots do not."""
        ...

    def served(self) -> ServedModel:
        """Freeze a copy of what `predict_many` answers with now."""
        ...

    def snapshot(self) -> Snapshot:
        """Everything that decides its future: weights, optimiser, normaliser, replay memory, random state."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from; the configuration must be the same.

        Raises
        ------
        DataError
            The snapshot does not fit this learner.
        """
        ...


@runtime_checkable
class Heeding(Protocol):
    """A learner that heeds what happens around it. Told by the fold over the log, so that it is told the same again."""

    def on_version(self) -> None:
        """What it answers with now was published: the parent of what follows."""
        ...

    def on_concept(self, concept: int, contradicted: Collection[int] = ()) -> None:
        """What follows belongs to a concept of the bank; examples of `contradicted` ones are not to be replayed."""
        ...

    def on_drift(self) -> None:
        """The stream is not what it was: the schedule of the learning rate begins again, if it may."""
        ...
