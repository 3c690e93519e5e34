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


def measured(name: str, scenario: Scenario, seed: int, strength: float) -> dict[str, Any]:
    """Run a strategy through a scenario; the result as `forgetting` has it."""
    from avalanche.benchmarks import benchmark_from_datasets
    from avalanche.benchmarks.utils.classification_dataset import _make_taskaware_classification_dataset as make_dataset
    from avalanche.training.plugins import EvaluationPlugin, SupervisedPlugin

    network = TwoSided(scenario.first, seed)
    answering = Answering(network)

    class Watch(SupervisedPlugin):  # type: ignore[misc]
        """Learns moments before a step, clips, and asks after it."""

        phase: Phase
        rows = 0
        due = 0
        track: Track

        def before_training_iteration(self, strategy: Any, **_: Any) -> None:
            inputs = network.own.inputs
            inputs.normaliser.learn(inputs.numbers(strategy.mbatch[0][:BATCH]))

        def before_update(self, strategy: Any, **_: Any) -> None:
            nn.utils.clip_grad_norm_(network.parameters(), CLIP)

        def after_training_iteration(self, strategy: Any, **_: Any) -> None:
            self.rows = min(self.rows + BATCH, len(self.phase.learned))
            if self.rows >= self.due:
                self.track.append((self.rows, accuracy_on(answering, self.phase.held_out)))
                self.due = due_after(self.rows, BATCH)

    def dataset(stream: Stream) -> Any:
        y_T = torch.from_numpy(stream.y_T.astype(np.int64))
        rows = torch.utils.data.TensorDataset(torch.from_numpy(stream.x_TF), y_T)
        return make_dataset(rows, targets=y_T.tolist(), task_labels=0)

    watch = Watch()
    words = {} if name == "naive" else {"strength": strength}
    strategy = _strategies()[name](
        **words,
        model=network,
        optimizer=torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.0),
        criterion=nn.CrossEntropyLoss(),
        train_mb_size=BATCH,
        train_epochs=1,
        plugins=[watch],
        evaluator=EvaluationPlugin(),
    )
    after, tracks = [], []
    held_out = {phase.concept: phase.held_out for phase in scenario.phases}
    for phase, experience in zip(
        scenario.phases,
        benchmark_from_datasets(train=[dataset(phase.learned) for phase in scenario.phases]).train_stream,
        strict=True,
    ):
        watch.phase, watch.rows, watch.due, watch.track = phase, 0, 0, []
        strategy.train(experience, shuffle=False, num_workers=0, drop_last=False)
        tracks.append(watch.track)
        after.append({concept: accuracy_on(answering, rows) for concept, rows in held_out.items()})
    return told(scenario, after, tracks)


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
