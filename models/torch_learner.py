"""The online learner of a tabular network: one step on each fresh batch, mixed with replay.

It answers with a running average of its weights, which is steadier than the weights themselves.

References
----------
Loshchilov, Hutter 2019: Decoupled weight decay regularization (AdamW).
Polyak, Juditsky 1992: Acceleration of stochastic approximation by averaging.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from models.losses import head_of
from models.network import NetworkShape, TabularResNet
from models.network_mlp import NETWORKS, Network
from models.network_model import NetworkModel
from models.normaliser import Normaliser
from models.protocol import Float32, Float64, Snapshot, Target
from models.replay import Reservoir
from schemas.errors import DataError
from schemas.pipeline_learning import Optimiser

# The average starts short, or the first weights would weigh on it for long.
_AVERAGING_WARM_UP: Final = 10


@dataclass(frozen=True, slots=True)
class TorchLearnerConfig:
    """What a learner is built from.

    Attributes
    ----------
    averaging : float
        Share of the average that a step keeps, 0 (none) to below 1.
    replay_size, replay_mix : int
        Examples held, and drawn beside each fresh batch; 0 of either: no replay.
    kind : str
        One of `models.network_mlp.NETWORKS`.
    """

    shape: NetworkShape
    target: Target
    width: int
    optimiser: Optimiser
    averaging: float
    replay_size: int
    replay_mix: int
    seed: int
    kind: str = TabularResNet.KIND


class TorchLearner:
    """Learns on the CPU, in one thread, so that the same batches give the same bits.

    `models.determinism.make_deterministic` must have been called in this process.
    """

    def __init__(self, config: TorchLearnerConfig) -> None:
        self._config = config
        self._network = NETWORKS[config.kind](config.shape, config.seed)
        self._average = copy.deepcopy(self._network)
        self._scale = Normaliser(1)
        self._head = head_of(config.target, self._scale)
        self._optimiser = optimiser_of(config.optimiser, self._network)
        self._memory = Reservoir(config.replay_size, config.width, config.seed)
        self._noise = torch.Generator().manual_seed(config.seed)
        self._steps = 0
        # Looked up once: to walk over a module's parts takes longer than to update them.
        self._parameters = list(self._network.parameters())
        self._pairs = list(zip(self._average.parameters(), self._parameters, strict=True))
        self._moments = list(zip(self._average.buffers(), self._network.buffers(), strict=True))
        self._answering = self._model(self._average)

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer with the averaged weights, (B, K)."""
        return self._answering.predict_many(x_BF)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Learn the moments of the fresh batch, make one step on it and replay, then remember it."""
        self._network.inputs.normaliser.learn(self._network.inputs.numbers(torch.from_numpy(x_BF)))
        self._scale.learn(torch.from_numpy(y_B)[:, None])
        x_replay_RF, y_replay_R = self._memory.sample(self._config.replay_mix if self._config.replay_size else 0)
        self._step(np.concatenate((x_BF, x_replay_RF)), np.concatenate((y_B, y_replay_R)))
        self._follow()
        if self._config.replay_size:
            self._memory.add(x_BF, y_B)

    @property
    def answering(self) -> NetworkModel:
        """The averaged network, which follows each step."""
        return self._answering

    def served(self) -> NetworkModel:
        """Freeze a copy of the averaged network."""
        return NetworkModel.from_snapshot(self._answering.snapshot(), kind=self._config.kind)

    def snapshot(self) -> Snapshot:
        """Weights, average, optimiser, moments, replay memory and random states."""
        memory = self._memory.snapshot()
        tensors = {name: value.detach().numpy().copy() for name, value in self._state()}
        tensors |= {"noise": self._noise.get_state().numpy().copy()}
        tensors |= {"memory." + name: value for name, value in memory.tensors.items()}
        return Snapshot(tensors, {"steps": self._steps, "memory": memory.manifest})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            It is of another network, optimiser or memory.
        """
        if snapshot.manifest["steps"]:
            self._open_optimiser()
        own = dict(self._state())
        for name, value in own.items():
            _copy(name, value, snapshot)
        self._noise.set_state(torch.from_numpy(np.array(snapshot.tensors["noise"])))
        self._steps = int(snapshot.manifest["steps"])
        memory = {k.removeprefix("memory."): v for k, v in snapshot.tensors.items() if k.startswith("memory.")}
        self._memory.restore(Snapshot(memory, snapshot.manifest["memory"]))

    def _step(self, x_BF: Float32, y_B: Float64) -> None:
        logit_BK = self._network(torch.from_numpy(x_BF), self._noise)
        loss = self._head.loss(logit_BK, torch.from_numpy(y_B))
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._parameters, self._config.optimiser.clip)
        # A step along a gradient that is not finite would spoil the weights for good: it is left out.
        if bool(torch.isfinite(norm)):
            self._optimiser.step()
        self._steps += 1

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(self._config.averaging, self._steps / (self._steps + _AVERAGING_WARM_UP))
        for average, weight in self._pairs:
            average.lerp_(weight, 1 - keep)
        for moment, value in self._moments:
            moment.copy_(value)

    def _model(self, network: Network) -> NetworkModel:
        return NetworkModel(self._config.shape, self._config.target, network, self._scale)

    def _open_optimiser(self) -> None:
        # Optimisers make their state at the first step; a step without gradients' worth makes it without moving.
        if any(self._optimiser.state.values()):
            return
        for parameter in self._network.parameters():
            parameter.grad = torch.zeros_like(parameter)
        self._optimiser.step()

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        for part, module in (("network", self._network), ("average", self._average), ("labels", self._scale)):
            yield from ((f"{part}.{name}", value) for name, value in module.state_dict().items())
        names: dict[Tensor, str] = {parameter: name for name, parameter in self._network.named_parameters()}
        for parameter, state in self._optimiser.state.items():
            yield from ((f"optimiser.{names[parameter]}.{key}", value) for key, value in _tensors(state))


def optimiser_of(section: Optimiser, network: nn.Module) -> torch.optim.Optimizer:
    """Make the optimiser that the pipeline file names."""
    parameters = list(network.parameters())
    if section.kind == "sgd":
        return torch.optim.SGD(parameters, section.rate, momentum=0.9, weight_decay=section.weight_decay, fused=True)
    family = torch.optim.AdamW if section.kind == "adamw" else torch.optim.Adam
    return family(parameters, section.rate, weight_decay=section.weight_decay, fused=True)


def _tensors(state: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    return ((key, value) for key, value in sorted(state.items()) if isinstance(value, Tensor))


@torch.no_grad()
def _copy(name: str, value: Tensor, snapshot: Snapshot) -> None:
    saved = snapshot.tensors.get(name)
    if saved is None or saved.shape != value.shape:
        raise DataError(
            f"The learner saved has no {name} of the shape {tuple(value.shape)}.",
            "The pipeline file has changed since: start the learner anew, or take the old file back.",
        )
    value.copy_(torch.from_numpy(np.array(saved)))
