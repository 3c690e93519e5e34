"""A contest: several learners side by side, and the pipeline serves those that are ahead under its own label delay.

No single learner is best on every stream, nor on one stream at every delay of labels: small networks that take large
steps follow drift as long as labels are fresh, exact regressions on long memories win where labels are late or few.
The entrants share their inputs and differ in pace; see `models.contest_networks`, `models.contest_ridge` and, for who
is ahead, `models.contest_judge`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.contest_block import Block
from models.contest_inputs import FADING, ContestInputs, faded
from models.contest_judge import Judge, shares_of
from models.contest_model import ContestModel, alone
from models.contest_networks import ContestNetworks
from models.contest_ridge import ContestRidge, RidgeSums
from models.network import NetworkShape
from models.protocol import Float32, Float64, Snapshot, Target
from schemas.errors import ConfigurationError, DataError

BLOCK: Final = 64
"""Rows between two solutions of the regressions, and two updates of moments and shares; at first every row counts."""


@dataclass(frozen=True, slots=True)
class ContestConfig:
    """What a contest is built from.

    Attributes
    ----------
    shape : NetworkShape
        Its places of numbers and categories and its outputs; the sizes of its network are not used.
    delay : int
        Rows that are learned between a request and the learning of its label: the label's delay and the age of what
        serves. Entrants are judged under it.
    rates : tuple of float
        Step size of each network.
    keeps : tuple of float
        Share of its weight that a row keeps with each later row, for each ridge regression.
    hidden, waves : int
        Hidden units of each network; random features of the regressions.
    fade : float
        Share of its weight that a loss keeps with each later row.
    eagerness : float
        How fast shares follow losses; 0: all entrants alike.
    """

    shape: NetworkShape
    target: Target
    seed: int
    delay: int = 0
    rates: tuple[float, ...] = (0.005, 0.02)
    keeps: tuple[float, ...] = (0.999, 0.9998)
    hidden: int = 64
    waves: int = 64
    fade: float = 0.9995
    eagerness: float = 0.1


class Contest:
    """A `models.protocol.ServableLearner` of binary and multiclass targets.

    The state is a pure function of the seed and the batches. `models.determinism.make_deterministic` must have been
    called in this process.

    Raises
    ------
    ConfigurationError
        The target is a regression.
    """

    def __init__(self, config: ContestConfig) -> None:
        if config.target == "regression":
            raise ConfigurationError(
                "A contest answers with classes, and this pipeline's target is a regression.",
                "Set `model.kind` to tabular_resnet, mlp or river_logistic_regression.",
            )
        self._config = config
        self._model = _blank(config)
        self._sums = RidgeSums(self._model.ridge, config.keeps)
        self._judge = Judge(len(self._model.share_E), config.delay, config.fade)
        # Running means of labels: first as they were known when the row to be learned next was asked, last as now.
        self._means: deque[Float64] = deque([self._model.recent_RK.copy()], config.delay + 1)
        self._block = Block()
        self._seen = 0
        self._last: tuple[bytes, Float64, Float64] | None = None

    @property
    def answering(self) -> ContestModel:
        """The entrants as they stand, which goes on learning."""
        return self._model

    @property
    def shares(self) -> dict[str, float]:
        """Weight of each entrant in the answer, by its name."""
        networks = [f"network {rate:g}" for rate in self._config.rates]
        ridges = [f"ridge {keep:g}" for keep in self._config.keeps]
        return dict(zip([*networks, *ridges], self._model.share_E.tolist(), strict=True))

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch, (B, K)."""
        return self._model.mixed(self._asked(x_BF)[1]).reshape(len(x_BF), self._config.shape.outputs)

    def served(self) -> ContestModel:
        """Freeze a copy."""
        return self._model.frozen()

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Let the networks learn the batch row by row, and all else by blocks of rows."""
        model, label_BK, first = self._model, self._labels(y_B), not self._seen
        x_BF, y_B = x_BF.copy(), y_B.copy()  # the caller may write into his
        if first:  # the very first rows would be seen unscaled
            model.inputs.learn_numbers(x_BF)
            self._last = None
        if self._config.delay:
            self._judge.add(model, x_BF, y_B)
            z_D, answer_EK = model.inputs.prepare(alone(x_BF), self._means[0]), np.empty((len(y_B), 0, 0))
        else:
            z_D, answer_EK = self._asked(x_BF)
        z_BD = z_D.reshape(len(y_B), z_D.shape[-1])
        model.networks.learn(z_BD, label_BK)
        self._block.add(x_BF, y_B, z_BD, answer_EK.reshape(len(y_B), *answer_EK.shape[-2:]))
        self._remember(label_BK)
        if self._block.rows >= BLOCK or self._seen <= BLOCK:
            self._learn_block(numbers=not first)

    def snapshot(self) -> Snapshot:
        """All of the model, the sums of the regressions, the losses, and the copies and rows that judging waits for."""
        tensors = dict(self._model.snapshot().tensors)
        tensors |= {name: value.copy() for name, value in self._state()}
        tensors["asked_RK"] = self._means[0].copy()
        since_BRK = np.array(self._means)[1:]
        tensors["since_BK"] = since_BRK[:, 0].copy()  # the first mean is the last label itself
        for name, block in self._blocks().items():
            columns = block.columns() if block.rows else ()
            tensors |= {f"{name}.{number}": column for number, column in enumerate(columns)}
        for number, (_, copy) in enumerate(self._judge.copies):
            tensors |= {f"copy.{number}.{name}": value.copy() for name, value in copy.arrays()}
        copies = [row for row, _ in self._judge.copies]
        return Snapshot(tensors, {"seen": self._seen, "rows": self._judge.rows, "copies": copies})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            It is of other columns, or of other entrants.
        """
        saved = snapshot.tensors
        for name, value in (*self._model.arrays(), *self._state()):
            _copy(name, value, saved)
        self._model.inputs.tell()
        means = accumulate(saved["since_BK"], faded, initial=saved["asked_RK"].copy())
        self._means = deque(means, self._config.delay + 1)
        for name, block in self._blocks().items():
            block.clear()
            count = sum(key.startswith(name + ".") for key in saved)
            if count:
                block.add(*(saved[f"{name}.{number}"].copy() for number in range(count)))
        self._seen, self._last = int(snapshot.manifest["seen"]), None
        self._judge.rows = int(snapshot.manifest["rows"])
        rows = enumerate(snapshot.manifest["copies"])
        self._judge.copies = deque((int(row), self._copy_of(f"copy.{number}.", saved)) for number, row in rows)

    def _learn_block(self, numbers: bool) -> None:
        x_BF, y_B, z_BD, answer_BEK = self._block.columns()
        model, label_BK = self._model, self._labels(y_B)
        if not self._config.delay:
            self._judge.score(answer_BEK, y_B)
        model.share_E[...] = shares_of(self._judge.loss_E, self._config.eagerness)
        if numbers:
            model.inputs.learn_numbers(x_BF)
        model.inputs.learn_labels(x_BF, label_BK)
        self._sums.learn(z_BD, label_BK)
        self._block.clear()

    def _asked(self, x_BF: Float32) -> tuple[Float64, Float64]:
        """Inputs and answers for a batch; whoever asks, then learns the same, has them worked out once."""
        question = x_BF.tobytes()
        if self._last is None or self._last[0] != question:
            z_D = self._model.prepare(alone(x_BF))
            self._last = question, z_D, self._model.answers(z_D)
        return self._last[1:]

    def _labels(self, y_B: Float64) -> Float64:
        if self._config.target == "binary":
            return y_B[:, None].astype(np.float64)
        return np.eye(self._config.shape.outputs)[y_B.astype(np.int64)]

    def _remember(self, label_BK: Float64) -> None:
        self._seen, self._last = self._seen + len(label_BK), None
        for label_K in label_BK:
            self._means.append(faded(self._means[-1], label_K))
        self._model.recent_RK[...] = self._means[-1]

    def _blocks(self) -> dict[str, Block]:
        return {"waiting": self._block, "held": self._judge.held}

    def _state(self) -> list[tuple[str, NDArray[Any]]]:
        sums = self._sums
        return [("square_GMM", sums.square_GMM), ("product_GMK", sums.product_GMK), ("loss_E", self._judge.loss_E)]

    def _copy_of(self, prefix: str, saved: Any) -> ContestModel:
        tensors = {name: saved[prefix + name].copy() for name, _ in self._model.arrays()}
        return ContestModel.from_snapshot(Snapshot(tensors, {"target": self._config.target}))


def _blank(config: ContestConfig) -> ContestModel:
    outputs, entrants = config.shape.outputs, len(config.rates) + len(config.keeps)
    inputs = ContestInputs.empty(config.shape)
    return ContestModel(
        config.target,
        inputs,
        ContestNetworks.drawn(inputs.width, outputs, config.hidden, config.rates, config.seed),
        ContestRidge.drawn(inputs.width, outputs, config.waves, len(config.keeps), config.seed),
        np.zeros((len(FADING), outputs)),
        np.full(entrants, 1 / entrants),
    )


def _copy(name: str, value: NDArray[Any], saved: Any) -> None:
    found = saved.get(name)
    if found is None or found.shape != value.shape:
        raise DataError(
            f"The contest saved has no {name} of the shape {value.shape}.",
            "The pipeline file has changed since: start the learner anew, or take the old file back.",
        )
    value[...] = found
