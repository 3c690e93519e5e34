"""A network that answers and never changes: what is published."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Self, cast

import numpy as np
import torch

from models.losses import head_of
from models.network import NetworkShape, TabularResNet
from models.network_layers import ACTIVATIONS, BOUNDS, NORMS
from models.network_mlp import NETWORKS, Network
from models.normaliser import Normaliser
from models.protocol import Float32, Json, Snapshot, Target
from schemas.errors import DataError

_LABELS = "labels."

_MOST = (1 << 16, 1 << 24, 10_000, 8_192, 64, 256)
"""Numbers, buckets, outputs, hidden, blocks, embedding: a hostile manifest must not ask for all the memory there is."""


class NetworkModel:
    """A network with its head.

    Parameters
    ----------
    network : TabularResNet or Mlp
        Taken over; nobody else may change it.
    scale : Normaliser
        Moments of the labels, which a regression needs.
    device : torch.device
        Where it computes; batches come and go as NumPy arrays all the same.
    """

    def __init__(
        self,
        shape: NetworkShape,
        target: Target,
        network: Network,
        scale: Normaliser,
        device: torch.device | None = None,
    ) -> None:
        self.shape, self.target = shape, target
        self.device = device or torch.device("cpu")
        self._network = network.to(self.device).eval()
        self._scale = scale.to(self.device)
        self._head = head_of(target, self._scale)

    @property
    def kind(self) -> str:
        """Name under which `models.snapshot` decodes it."""
        return self._network.KIND

    @torch.inference_mode()
    def predict_many(self, x_BF: Float32) -> Float32:
        """Answer a batch, (B, K), as `models.protocol.ServedModel` says."""
        x_device_BF = torch.from_numpy(np.ascontiguousarray(x_BF)).to(self.device)
        answer_BK = self._head.answer(self._network(x_device_BF))
        return cast(Float32, answer_BK.float().cpu().numpy())

    def snapshot(self) -> Snapshot:
        """Weights, moments and shape."""
        state = dict(self._network.state_dict()) | {_LABELS + k: v for k, v in self._scale.state_dict().items()}
        tensors = {name: value.detach().cpu().numpy().copy() for name, value in state.items()}
        return Snapshot(tensors, {"shape": manifest_of(self.shape), "target": self.target})

    @classmethod
    def from_snapshot(
        cls, snapshot: Snapshot, device: torch.device | None = None, kind: str = TabularResNet.KIND
    ) -> Self:
        """Build the model that `snapshot` was taken from.

        Raises
        ------
        DataError
            Its tensors do not fit its shape.
        """
        shape, target = shape_of(snapshot.manifest["shape"]), snapshot.manifest["target"]
        state = {name: torch.from_numpy(np.array(value)) for name, value in snapshot.tensors.items()}
        labels = {name.removeprefix(_LABELS): value for name, value in state.items() if name.startswith(_LABELS)}
        network, scale = NETWORKS[kind](shape, None), Normaliser(1)
        try:
            # Assigned, not copied: whoever serves meanwhile shares the processor and Python's lock.
            weights = {name: value for name, value in state.items() if not name.startswith(_LABELS)}
            network.load_state_dict(weights, assign=True)
            scale.load_state_dict(labels)
        except RuntimeError as error:
            raise DataError(f"The weights do not fit their network: {error}", "Take another version.") from error
        model = cls(shape, target, network, scale, device)
        network.inputs.normaliser.freeze()
        return model


def manifest_of(shape: NetworkShape) -> Json:
    """Write a shape for JSON.

    What came after models were already published is left out where it has its default, so that equal models keep their
    digests.
    """
    plain = {f.name: f.default for f in fields(NetworkShape)}
    return {name: value for name, value in asdict(shape).items() if value != plain[name]}


def shape_of(manifest: Json) -> NetworkShape:
    """Read a shape back from JSON, which has lists for tuples.

    Examples
    --------
    >>> shape = NetworkShape((0, 2), ((1, 16),), outputs=1, hidden=8, blocks=1, embedding=4, dropout=0.0)
    >>> import json
    >>> shape_of(json.loads(json.dumps(manifest_of(shape)))) == shape
    True

    Raises
    ------
    ValueError
        Its sizes or names are none that a pipeline file may have.
    """
    categories = tuple((int(place), int(buckets)) for place, buckets in manifest["categories"])
    shape = NetworkShape(**manifest | {"numbers": tuple(manifest["numbers"]), "categories": categories})
    buckets = sum(count for _, count in categories)
    sizes = (len(shape.numbers), buckets, shape.outputs, shape.hidden, shape.blocks, shape.embedding)
    if not all(0 <= size <= most for size, most in zip(sizes, _MOST, strict=True)):
        raise ValueError(f"no pipeline file allows a network of this size: {shape!r:.200}")
    names = ((shape.activation, ACTIVATIONS), (shape.norm or "none", NORMS), (shape.init, BOUNDS))
    if not all(name in known for name, known in names):
        raise ValueError(f"no pipeline file allows a network of these parts: {shape!r:.200}")
    return shape
