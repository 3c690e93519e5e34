"""The champion answers each fresh example beside the learner, before the example is learned: who loses less?"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256

import numpy as np

from models.gate_interval import RunningMean
from models.gate_loss import BoundedLoss
from models.gate_wealth import Wealth
from models.protocol import Float32, Float64, ServedModel, Snapshot
from models.snapshot import decode_model


@dataclass(frozen=True, slots=True)
class Record:
    """What a duel has come to; each d is the champion's loss less the learner's, on one example.

    Attributes
    ----------
    wealth : Wealth
        Against the hypothesis that the learner was never better.
    whole, lately : RunningMean
        Of d since the champion was published, and since a candidate was last judged.
    follows : int
        The champion is what the learner was, and for so many more examples the proof it has given holds for what it
        becomes.
    """

    wealth: Wealth = field(default_factory=Wealth)
    whole: RunningMean = field(default_factory=RunningMean)
    lately: RunningMean = field(default_factory=RunningMean)
    follows: int = 0

    def after(self, d_B: Float64) -> Record:
        """Take in the next examples."""
        left = max(0, self.follows - len(d_B))
        return Record(self.wealth.after(d_B), self.whole.after(d_B), self.lately.after(d_B), left)

    def judged(self) -> Record:
        """Begin a new stretch of `lately`."""
        return replace(self, lately=RunningMean())

    @property
    def carries_on(self) -> bool:
        """Whether the learner has lost less than what it was when it proved itself, not long ago."""
        return self.follows > 0 and self.whole.total > 0


@dataclass(frozen=True, slots=True)
class Champion:
    """The last published version.

    Attributes
    ----------
    number : int
        Of the version.
    blob : bytes
        From which `model` was read.
    digest : str
        SHA-256 of it, hex.
    """

    number: int
    blob: bytes
    digest: str
    model: ServedModel

    @classmethod
    def read(cls, number: int, blob: bytes) -> Champion:
        """Read the model; raises `DataError` if it is none."""
        return cls(number, blob, sha256(blob).hexdigest(), decode_model(blob))


class Duel:
    """Scores champion and learner on the same fresh examples, in bounded memory.

    Parameters
    ----------
    loss : BoundedLoss
        Of the pipeline's target.

    Attributes
    ----------
    champion : Champion or None
        None before the first version.
    record : Record
        Since the champion was published.
    """

    def __init__(self, loss: BoundedLoss) -> None:
        self._loss = loss
        self.champion: Champion | None = None
        self.record = Record()

    def see(self, x_BF: Float32, y_B: Float64, own_BK: Float32) -> Float64 | None:
        """Score a batch that the learner answered with `own_BK` before learning it; return the champion's losses."""
        if self.champion is None:
            return None
        champion_B = self._loss(self.champion.model.predict_many(x_BF), y_B)
        self.record = self.record.after(champion_B - self._loss(own_BK, y_B))
        return champion_B

    def crown(self, champion: Champion, follows: int = 0) -> None:
        """Begin anew against another champion; for `follows` examples the proof that led to it holds on."""
        self.champion, self.record = champion, Record(follows=follows)

    def disowned(self) -> None:
        """Note that the learner is no longer what it was when it gave its proof: nothing follows that any more."""
        self.record = replace(self.record, follows=0)

    def judged(self) -> None:
        """Note that a candidate was judged and refused."""
        self.record = self.record.judged()

    def snapshot(self) -> Snapshot:
        """All of its state, the champion's weights too."""
        wealth, record = self.record.wealth.snapshot(), self.record
        blob = b"" if self.champion is None else self.champion.blob
        tensors = {**wealth.tensors, "champion": np.frombuffer(blob, np.uint8)}
        manifest = {**wealth.manifest, "whole": asdict(record.whole), "lately": asdict(record.lately)}
        number = self.champion.number if self.champion else 0
        return Snapshot(tensors, {**manifest, "number": number, "follows": record.follows})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            The champion's weights are no model.
        """
        manifest, number = snapshot.manifest, int(snapshot.manifest["number"])
        self.champion = Champion.read(number, snapshot.tensors["champion"].tobytes()) if number else None
        whole, lately = RunningMean(**manifest["whole"]), RunningMean(**manifest["lately"])
        # Checkpoints from before proofs held on do not tell.
        self.record = Record(Wealth.restored(snapshot), whole, lately, int(manifest.get("follows", 0)))
