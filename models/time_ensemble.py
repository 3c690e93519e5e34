"""An ensemble over time: the learner answers together with what it was before, each weighted by its recent loss.

Shape suffixes: B rows, F columns, K outputs, M members, the learner itself first.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from models.ensemble_model import EnsembleModel, part_of
from models.gate_loss import BoundedLoss
from models.gradient_record import GradientWatch
from models.network_model import NetworkModel
from models.protocol import Float32, Float64, ServedModel, Snapshot
from models.running_spread import RunningSpread
from models.steering import Steering
from models.torch_learner import TorchLearner
from models.torch_learner_config import TorchLearnerConfig
from schemas.pipeline_safeguards import Ensemble

_LEAST_SHARE = 0.01
"""Members with less do not answer, and are not published."""


class TimeEnsemble:
    """A `ServableLearner` around a learner of networks: it keeps frozen copies of it, and mixes their answers.

    Each member's share follows exp(−eagerness · loss), the loss summed over the fresh examples and fading with each. A
    copy begins with the loss of the learner that it was taken from; when there are too many the worst one goes.

    References
    ----------
    Wang, Fan, Yu, Han 2003: Mining concept-drifting data streams using ensemble classifiers (weights by recent loss).
    Herbster, Warmuth 1998: Tracking the best expert (exponential weights that forget).
    """

    def __init__(self, config: TorchLearnerConfig, section: Ensemble) -> None:
        self._config, self._section = config, section
        self._learner = TorchLearner(config)
        self._copies: list[NetworkModel] = []
        self._loss_M = np.zeros(1)
        self._labels = RunningSpread()
        self._learned = 0

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer with the learner and its copies, (B, K)."""
        return self.answering.predict_many(x_BF)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Weigh the members by the fresh batch, then learn it; freeze a copy where the count says so."""
        self._weigh(x_BF, y_B)
        self._learner.learn_many(x_BF, y_B)
        before, self._learned = self._learned, self._learned + len(y_B)
        if self._learned // self._section.every > before // self._section.every:
            self._freeze_copy()

    @property
    def answering(self) -> EnsembleModel:
        """Those whose share counts; the learner's own part goes on learning."""
        share_M = shares(self._loss_M, self._section.eagerness)
        members = [self._learner.answering, *self._copies]
        kept = np.flatnonzero(share_M >= _LEAST_SHARE)
        return EnsembleModel([members[i] for i in kept], share_M[kept] / share_M[kept].sum())

    def served(self) -> EnsembleModel:
        """Freeze a copy of what answers now."""
        return EnsembleModel.from_snapshot(self.answering.snapshot())

    @property
    def gradient_norm(self) -> float:
        """Of the learner's last step."""
        return self._learner.gradient_norm

    @property
    def gradients(self) -> GradientWatch:
        """Of the learner's network."""
        return self._learner.gradients

    def on_version(self) -> None:
        """Tell the learner."""
        self._learner.on_version()

    def on_concept(self, concept: int, contradicted: Collection[int] = ()) -> None:
        """Tell the learner."""
        self._learner.on_concept(concept, contradicted)

    def on_drift(self) -> None:
        """Tell the learner."""
        self._learner.on_drift()

    @property
    def steering(self) -> Steering:
        """The learner's."""
        return self._learner.steering

    def begin_from(self, model: ServedModel) -> None:
        """Let the learner take the weights of the member with the greatest share."""
        one = model.members[int(model.share_M.argmax())] if isinstance(model, EnsembleModel) else model
        self._learner.begin_from(one)

    def snapshot(self) -> Snapshot:
        """The learner, its copies and their losses."""
        own, states = self._learner.snapshot(), [copy.snapshot() for copy in self._copies]
        tensors = {f"learner/{name}": value for name, value in own.tensors.items()}
        tensors |= {f"{i}/{name}": value for i, state in enumerate(states) for name, value in state.tensors.items()}
        tensors |= {"loss": self._loss_M.copy(), "labels": self._labels.state.copy()}
        copies = [state.manifest for state in states]
        return Snapshot(tensors, {"learner": own.manifest, "copies": copies, "learned": self._learned})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            It is of another learner.
        """
        manifest = snapshot.manifest
        self._learner.restore(Snapshot(part_of(snapshot, "learner/"), manifest["learner"]))
        parts = [Snapshot(part_of(snapshot, f"{i}/"), copy) for i, copy in enumerate(manifest["copies"])]
        self._copies = [NetworkModel.from_snapshot(part, kind=self._config.kind) for part in parts]
        self._loss_M = np.array(snapshot.tensors["loss"], np.float64)
        self._labels.state[:] = snapshot.tensors["labels"]
        self._learned = int(manifest["learned"])

    def _weigh(self, x_BF: Float32, y_B: Float64) -> None:
        known_B = np.isfinite(y_B)
        x_BF, y_B = x_BF[known_B], y_B[known_B]
        self._labels.learn(y_B)
        loss = BoundedLoss(self._config.target, self._labels.spread)
        # A row's loss fades with each row after it, wherever the batches are cut.
        fade, age_B = self._section.fade, np.arange(len(y_B) - 1, -1, -1)
        for i, member in enumerate((self._learner.answering, *self._copies)):
            recent = float((loss(member.predict_many(x_BF), y_B) * fade**age_B).sum())
            self._loss_M[i] = self._loss_M[i] * fade ** len(y_B) + recent

    def _freeze_copy(self) -> None:
        self._copies.append(self._learner.served())
        self._loss_M = np.append(self._loss_M, self._loss_M[0])
        if len(self._copies) > self._section.members:
            worst = int(self._loss_M[1:].argmax())
            del self._copies[worst]
            self._loss_M = np.delete(self._loss_M, worst + 1)


def shares(loss_M: Float64, eagerness: float) -> Float64:
    """Shares of members by their recent losses: equal for equal ones, and the more for the lesser.

    Examples
    --------
    >>> shares(np.array([1.0, 1.0]), 2.0).tolist()
    [0.5, 0.5]
    """
    ahead_M = np.exp(-eagerness * (loss_M - loss_M.min()))
    whole: Float64 = ahead_M / ahead_M.sum()
    return whole
