"""Where candidates prove themselves: the duel with the champion, and the bank of what must not be forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from models.concepts.bank import Bank
from models.concepts.concept import Concept
from models.concepts.forgetting import Predict
from models.concepts.keeping import joined, parted
from models.concepts.settings import BankSettings
from models.gate_duel import Champion, Duel, Record
from models.protocol import Float32, Float64, Snapshot


@dataclass(frozen=True, slots=True)
class Regime:
    """The present: its number, 0 if none is known, and those of the banked concepts that it contradicts."""

    number: int
    contradicted: tuple[int, ...]


class Court:
    """Sees each fresh batch before it is learned; what it says is a pure function of the batches and the versions.

    Parameters
    ----------
    settings : BankSettings
        With room for no concept, there is no bank.
    """

    def __init__(self, settings: BankSettings) -> None:
        self._duel = Duel(settings.loss)
        self._bank = Bank(settings) if settings.rules.size else None

    def see(self, x_BF: Float32, y_B: Float64, own_BK: Float32) -> Float64 | None:
        """Score a batch that the learner answered with `own_BK` before learning it; return the champion's losses."""
        champion = self._duel.champion
        champion_B = self._duel.see(x_BF, y_B, own_BK)
        if self._bank is not None:
            self._bank.see(x_BF, y_B, champion, champion_B)
        return champion_B

    @property
    def champion(self) -> Champion | None:
        """The version that serves; None before the first."""
        return self._duel.champion

    def banked(self, number: int | None) -> Champion | None:
        """The best version of a banked regime; without a number, of the one whose version does best on fresh labels."""
        closed = () if self._bank is None else self._bank.closed
        known = [concept for concept in closed if concept.best is not None and number in (None, concept.number)]
        found = max(known, key=lambda concept: (concept.trial.log_sum, concept.last_seen), default=None)
        return None if found is None else found.best

    @property
    def record(self) -> Record | None:
        """How the learner did against the champion; None while there is none."""
        return None if self._duel.champion is None else self._duel.record

    @property
    def regime(self) -> Regime:
        """The present one."""
        if self._bank is None or self._bank.open is None:
            return Regime(0, ())
        return Regime(self._bank.open.number, self._bank.contradicted)

    def winner(self) -> Concept | None:
        """The banked regime whose version ought to serve again, if there is one."""
        return None if self._bank is None else self._bank.winner()

    def excess(self, predict: Predict, besides: int = 0) -> dict[int, float]:
        """By how much more than the best version a model may lose on each regime it is held to."""
        return {} if self._bank is None else self._bank.excess(predict, besides)

    def crown(self, number: int, blob: bytes, concept: int = 0, follows: int = 0) -> None:
        """A version was published; `concept` is that of a version recalled, else 0.

        For `follows` examples the proof that it was admitted by holds for what the learner becomes.
        """
        former, proof, champion = self._duel.champion, self._duel.record.whole, Champion.read(number, blob)
        self._duel.crown(champion, follows)
        if self._bank is None:
            return
        if concept:
            self._bank.recalled(concept)
        elif follows and former is not None:
            self._bank.succeeded(former, champion, proof.count)

    def disown(self) -> None:
        """Weights of the learner were thrown away: what it becomes does not follow the proof that it gave before."""
        self._duel.disowned()

    def refuse(self, concept: int = 0) -> None:
        """A candidate was refused: the learner's, or the version of a concept."""
        if not concept:
            self._duel.judged()
        elif self._bank is not None:
            self._bank.retry(concept)

    def snapshot(self) -> Snapshot:
        """All of its state."""
        parts = {"duel": self._duel.snapshot()}
        return joined(parts if self._bank is None else {**parts, "bank": self._bank.snapshot()})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            A version in it is no model.
        """
        parts = parted(snapshot)
        self._duel.restore(parts["duel"])
        if self._bank is not None:
            self._bank.restore(parts["bank"])
