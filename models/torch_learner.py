"""The online learner of a tabular network: one step on each fresh batch, mixed with replay.

It answers with a running average of its weights, which is steadier than the weights themselves.

References
----------
Loshchilov, Hutter 2019: Decoupled weight decay regularization (AdamW).
Polyak, Juditsky 1992: Acceleration of stochastic approximation by averaging.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Iterator
from typing import Final, cast

import numpy as np
import torch
from torch import Tensor, nn

from models.gradient_record import GradientWatch
from models.losses import head_of
from models.network_mlp import NETWORKS, Network
from models.network_model import NetworkModel
from models.normaliser import Normaliser
from models.optimisers import optimiser_of
from models.pace import Pace, set_rate
from models.protocol import Float32, Float64, Json, ServedModel, Snapshot
from models.replay import Memory
from models.replay_kinds import memory_of
from models.safeguards.elastic_net import ElasticNet
from models.safeguards.mix import Mix, safeguards_of
from models.safeguards.safeguard import Batch, Safeguard, Surroundings
from models.sharpness import climb, descend
from models.steering import Steering
from models.torch_learner_config import TorchLearnerConfig
from models.torch_state import copy_into, named_state, open_optimiser

# The average starts short, or the first weights would weigh on it for long.
_AVERAGING_WARM_UP: Final = 10
_KEPT: Final = "safeguards."


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
        self._optimiser = optimiser_of(config.optimiser, self._network.parameters())
        self._memory = self._new_memory()
        self._noise = torch.Generator().manual_seed(config.seed)
        self._pace = Pace(config.optimiser)
        self._steps = 0
        self._norm = torch.tensor(math.nan)
        self.gradients = GradientWatch(self._network)
        # Looked up once: to walk over a module's parts takes longer than to update them.
        self._parameters: list[Tensor] = list(self._network.parameters())
        self._pairs = list(zip(self._average.parameters(), self._parameters, strict=True))
        self._moments = list(zip(self._average.buffers(), self._network.buffers(), strict=True))
        self._answering = self._model(self._average)
        self._safeguards = Mix(self._chosen(), config.safeguards.anchor, self._parameters)

    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer with the averaged weights, (B, K)."""
        return self._answering.predict_many(x_BF)

    def learn_many(self, x_BF: Float32, y_B: Float64) -> None:
        """Learn the moments of the fresh batch, make one step on it and replay, then remember it."""
        set_rate(self._optimiser, self._pace.rate)
        self._network.inputs.normaliser.learn(self._network.inputs.numbers(torch.from_numpy(x_BF)))
        self._scale.learn(torch.from_numpy(y_B)[:, None])
        logit_BK = self._step(self._mixed(x_BF, y_B))
        self.gradients.after_step(self._steps)
        self._follow()
        if self._config.replay_size:
            self._remember(x_BF, y_B, logit_BK[: len(y_B)])
        self._safeguards.after_batch(len(y_B))
        self._pace.learned(len(y_B))

    def on_version(self) -> None:
        """Anchor the safeguards that hold to versions."""
        self._safeguards.on_version()

    def on_concept(self, concept: int, contradicted: Collection[int] = ()) -> None:
        """Anchor the safeguards that hold to concepts, then remember what follows under the new one."""
        self._safeguards.on_concept(concept)
        self._memory.turn_to(concept, contradicted)

    def on_drift(self) -> None:
        """Begin the schedule of the rate again, and react, as far as the pipeline file says so."""
        self.steering.on_drift(self._config.optimiser.reaction)

    @property
    def steering(self) -> Steering:
        """What can be done to it from outside."""
        return Steering(self._pace, self._optimiser, list(self._network.head.parameters()))

    def begin_from(self, model: ServedModel) -> None:
        """Take a version's weights and moments for its own, and hold to them."""
        saved, own = model.snapshot(), self._state()
        for name, value in own:
            part, _, rest = name.partition(".")
            if part != "optimiser":
                copy_into(rest if part != "labels" else name, value, saved)
        self._safeguards.anchor()

    @property
    def gradient_norm(self) -> float:
        """Of the last step, before clipping; not finite if that step was left out, or none was made in this life."""
        return float(self._norm)

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
        manifest: Json = {"steps": self._steps, "memory": memory.manifest}
        if not self._pace.is_constant:
            manifest["pace"] = self._pace.manifest()
        if self._safeguards:
            kept = self._safeguards.snapshot()
            tensors |= {_KEPT + name: value for name, value in kept.tensors.items()}
            manifest["safeguards"] = kept.manifest
        return Snapshot(tensors, manifest)

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            It is of another network, optimiser or memory.
        """
        if any(name.startswith("optimiser.") for name in snapshot.tensors):
            open_optimiser(self._optimiser)
        for name, value in dict(self._state()).items():
            copy_into(name, value, snapshot)
        self._noise.set_state(torch.from_numpy(np.array(snapshot.tensors["noise"])))
        self._steps = int(snapshot.manifest["steps"])
        self._pace.restore(snapshot.manifest.get("pace", {}))
        memory = {k.removeprefix("memory."): v for k, v in snapshot.tensors.items() if k.startswith("memory.")}
        self._memory.restore(Snapshot(memory, snapshot.manifest["memory"]))
        if self._safeguards:
            kept = {k.removeprefix(_KEPT): v for k, v in snapshot.tensors.items() if k.startswith(_KEPT)}
            self._safeguards.restore(Snapshot(kept, snapshot.manifest["safeguards"]))

    def _mixed(self, x_BF: Float32, y_B: Float64) -> Batch:
        """The fresh batch, then what is replayed beside it."""
        row_RW, y_R = self._memory.sample(self._config.replay_mix if self._config.replay_size else 0)
        x_RF, noted_RK = row_RW[:, : self._config.width], row_RW[:, self._config.width :]
        x_BF, y_both_B = np.concatenate((x_BF, x_RF)), np.concatenate((y_B, y_R))
        return Batch(torch.from_numpy(x_BF), torch.from_numpy(y_both_B), len(y_B), torch.from_numpy(noted_RK))

    def _step(self, batch: Batch) -> Tensor:
        """Make one step; the logits of its batch, (B, K)."""
        logit_BK = self._descent(batch)
        if self._config.optimiser.sam_radius:
            held = climb(self._parameters, self._config.optimiser.sam_radius)
            self._descent(batch)
            descend(self._parameters, held)
        whole = not self._safeguards or self._safeguards.turn_gradient(batch)
        self._norm = nn.utils.clip_grad_norm_(self._parameters, self._config.optimiser.clip)
        # A step along a gradient that is not finite would spoil the weights for good: it is left out.
        if whole and bool(torch.isfinite(self._norm)):
            self._optimiser.step()
            self._safeguards.after_step()
        self._steps += 1
        return logit_BK.detach()

    def _descent(self, batch: Batch) -> Tensor:
        """Compute the gradient; returns logits."""
        self._optimiser.zero_grad()
        logit_BK = cast(Tensor, self._network(batch.x_BF, self._noise))
        loss = self._head.loss(logit_BK, batch.y_B)
        for term in self._safeguards.loss_terms(batch, logit_BK):
            loss = loss + term
        loss.backward()  # type: ignore[no-untyped-call]
        return logit_BK

    def _remember(self, x_BF: Float32, y_B: Float64, logit_BK: Tensor) -> None:
        if self._config.noted:
            x_BF = np.concatenate((x_BF, logit_BK.numpy()), axis=1)
        # One label that is no number would make every step after it one that is left out.
        known_B = np.isfinite(y_B)
        if known_B.all():
            self._memory.add(x_BF, y_B)
        else:
            self._memory.add(x_BF[known_B], y_B[known_B])

    def _new_memory(self) -> Memory:
        config, width = self._config, self._config.width + self._config.noted
        return memory_of(config.replay_kind, config.replay_size, width, config.seed, config.target)

    def _chosen(self) -> list[Safeguard]:
        around, rules = self._surroundings(), self._config.optimiser
        shrinking: list[Safeguard] = [ElasticNet(rules.l1, rules.l2, around)] if rules.l1 or rules.l2 else []
        return shrinking + safeguards_of(self._config.safeguards, around)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            network=self._network,
            average=self._average,
            parameters=self._parameters,
            published=list(self._average.parameters()),
            head=self._head,
            scale=self._scale,
            target=self._config.target,
            memory=self._memory,
            width=self._config.width,
        )

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(self._config.averaging, self._steps / (self._steps + _AVERAGING_WARM_UP))
        for average, weight in self._pairs:
            average.lerp_(weight, 1 - keep)
        for moment, value in self._moments:
            moment.copy_(value)

    def _model(self, network: Network) -> NetworkModel:
        return NetworkModel(self._config.shape, self._config.target, network, self._scale)

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        parts = {"network": self._network, "average": self._average, "labels": self._scale}
        return named_state(parts, self._optimiser, self._network)
