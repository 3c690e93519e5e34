"""Avalanche's strategies on our scenarios, with our network.

Run with ``.venv-avalanche/bin/python -m benchmarks.learning.avalanche_twins``.
It runs in an environment of its own (`make .venv-avalanche/.installed`) and prints one JSON object. First weights,
optimiser, clipping and the order of rows are those of our own learners; moments of the inputs follow the fresh rows.
"""

from __future__ import annotations

import argparse
import json
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.learning.forgetting import Path as Track
from benchmarks.learning.forgetting import accuracy_on, due_after, told
from benchmarks.learning.memory import BATCH, MEMORY, MIX, RATE, shape_of
from benchmarks.learning.scenarios import SCENARIOS, Phase, Scenario
from benchmarks.learning.streams import DATA, Stream
from models.determinism import make_deterministic
from models.network import TabularResNet
from models.protocol import Float32

CLIP: Final = 1.0


class TwoSided(nn.Module):
    """Our network; its one logit of a binary target beside a zero, whose softmax is its sigmoid."""

    def __init__(self, stream: Stream, seed: int) -> None:
        super().__init__()
        self.own = TabularResNet(shape_of(stream), seed)

    def forward(self, x_BF: Tensor) -> Tensor:
        logit_BK = self.own(x_BF)
        return torch.cat((torch.zeros_like(logit_BK), logit_BK), 1) if logit_BK.shape[1] == 1 else logit_BK


class Answering:
    """The network as a learner that answers."""

    def __init__(self, network: TwoSided) -> None:
        self._network = network

    @torch.no_grad()
    def predict_many(self, x_BF: Float32) -> Float32:
        share_BK = torch.softmax(self._network(torch.from_numpy(x_BF)), 1)
        return np.asarray(share_BK[:, 1:] if self._network.own.head.out_features == 1 else share_BK, np.float32)


def _strategies() -> dict[str, Callable[..., Any]]:
    from avalanche.training.plugins import ReplayPlugin
    from avalanche.training.supervised import AGEM, DER, EWC, LwF, Naive, SynapticIntelligence

    return {
        "naive": Naive,
        "replay": lambda strength, plugins, **words: Naive(
            plugins=[*plugins, ReplayPlugin(MEMORY, batch_size_mem=MIX)], **words
        ),
        "ewc": lambda strength, **words: EWC(ewc_lambda=strength, **words),
        "synaptic_intelligence": lambda strength, **words: SynapticIntelligence(si_lambda=strength, **words),
        "distillation": lambda strength, **words: LwF(alpha=strength, temperature=2, **words),
        "a_gem": lambda strength, **words: AGEM(patterns_per_exp=MEMORY // 2, sample_size=128, **words),
        "logit_replay": lambda strength, **words: DER(
            mem_size=MEMORY, batch_size_mem=MIX, alpha=strength, beta=1.0, **words
        ),
    }


class Watch:
    """A plugin, as far as Avalanche asks: learns moments before a step, clips, and asks after it."""

    def __init__(self, network: TwoSided) -> None:
        self._network, self._answering = network, Answering(network)
        self._rows = self._due = 0
        self.tracks: list[Track] = []

    def begin(self, phase: Phase) -> None:
        """Watch another phase."""
        self._phase, self._rows, self._due = phase, 0, 0
        self.tracks.append([])

    def accuracy_on(self, held_out: Stream) -> float:
        """Share of rows answered right."""
        return accuracy_on(self._answering, held_out)

    def before_training_iteration(self, strategy: Any, **_: Any) -> None:
        """Called by Avalanche."""
        inputs = self._network.own.inputs
        inputs.normaliser.learn(inputs.numbers(strategy.mbatch[0][:BATCH]))

    def before_update(self, strategy: Any, **_: Any) -> None:
        """Called by Avalanche."""
        nn.utils.clip_grad_norm_(self._network.parameters(), CLIP)

    def after_training_iteration(self, strategy: Any, **_: Any) -> None:
        """Called by Avalanche."""
        self._rows = min(self._rows + BATCH, len(self._phase.learned))
        if self._rows >= self._due:
            self.tracks[-1].append((self._rows, self.accuracy_on(self._phase.held_out)))
            self._due = due_after(self._rows, BATCH)


def measured(name: str, scenario: Scenario, seed: int, strength: float) -> dict[str, Any]:
    """Run a strategy through a scenario; the result as `forgetting` has it."""
    network = TwoSided(scenario.first, seed)
    watch = Watch(network)
    strategy, after = _strategy(name, network, watch, strength), []
    held_out = {phase.concept: phase.held_out for phase in scenario.phases}
    for phase, experience in zip(scenario.phases, _experiences(scenario), strict=True):
        watch.begin(phase)
        strategy.train(experience, shuffle=False, num_workers=0, drop_last=False)
        after.append({concept: watch.accuracy_on(rows) for concept, rows in held_out.items()})
    return told(scenario, after, watch.tracks)


def _strategy(name: str, network: TwoSided, watch: Watch, strength: float) -> Any:
    from avalanche.training.plugins import EvaluationPlugin

    words = {} if name == "naive" else {"strength": strength}
    return _strategies()[name](
        **words,
        model=network,
        optimizer=torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.0),
        criterion=nn.CrossEntropyLoss(),
        train_mb_size=BATCH,
        train_epochs=1,
        plugins=[watch],
        evaluator=EvaluationPlugin(),
    )


def _experiences(scenario: Scenario) -> Any:
    from avalanche.benchmarks import benchmark_from_datasets

    return benchmark_from_datasets(train=[_dataset(phase.learned) for phase in scenario.phases]).train_stream


def _dataset(stream: Stream) -> Any:
    from avalanche.benchmarks.utils.classification_dataset import _make_taskaware_classification_dataset

    y_T = torch.from_numpy(stream.y_T.astype(np.int64))
    rows = torch.utils.data.TensorDataset(torch.from_numpy(stream.x_TF), y_T)
    return _make_taskaware_classification_dataset(rows, targets=y_T.tolist(), task_labels=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=[*SCENARIOS])
    parser.add_argument("strategy")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--data", type=Path, default=DATA)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    make_deterministic()
    random.seed(asked.seed)
    torch.manual_seed(asked.seed)
    scenario = SCENARIOS[asked.scenario](asked.rows, asked.seed, asked.data)
    print(json.dumps(measured(asked.strategy, scenario, asked.seed, asked.strength)))


if __name__ == "__main__":
    main()
