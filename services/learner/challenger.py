"""A learner beside the learner: retrained or recalled, it learns what comes and stands against the champion. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.concepts.keeping import joined, parted
from models.gate import judge
from models.gate_court import Court
from models.gate_duel import Champion, Duel
from models.gate_evidence import Decision, Evidence
from models.gate_loss import BoundedLoss
from models.protocol import Float32, Float64, ServableLearner, Snapshot
from schemas.pipeline_gate import Gate


@dataclass(slots=True)
class Challenger:
    """Learns in place, as the learner does.

    Attributes
    ----------
    learner : ServableLearner
        What takes the learner's place if it is admitted.
    duel : Duel
        Against the champion, on what both answered before it was learned; without a champion nothing is scored.
    rows : int
        Examples that it was retrained on.
    begun, trial : int
        Examples learned by the fold when it began, and after how many more it is dropped.
    """

    learner: ServableLearner
    duel: Duel
    rows: int = 0
    begun: int = 0
    trial: int = 0

    def see(self, x_BF: Float32, y_B: Float64) -> None:
        """Answer a fresh batch beside the champion."""
        if self.duel.champion is not None:
            self.duel.see(x_BF, y_B, self.learner.predict_many(x_BF))

    def crown(self, champion: Champion | None) -> None:
        """Stand against another champion from now on."""
        if champion is not None:
            self.duel.crown(champion)

    def snapshot(self) -> Snapshot:
        """All of its state."""
        whole = joined({"learner": self.learner.snapshot(), "duel": self.duel.snapshot()})
        counts = {"rows": self.rows, "begun": self.begun, "trial": self.trial}
        return Snapshot(whole.tensors, {"parts": whole.manifest, **counts})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""
        manifest, parts = snapshot.manifest, parted(Snapshot(snapshot.tensors, snapshot.manifest["parts"]))
        self.learner.restore(parts["learner"])
        self.duel.restore(parts["duel"])
        self.rows, self.begun, self.trial = (int(manifest[name]) for name in ("rows", "begun", "trial"))


def verdict_on(challenger: Challenger, gate: Gate, court: Court | None, examples: int) -> Decision | None:
    """Judge a challenger as any candidate; None while it may still prove itself.

    Parameters
    ----------
    examples : int
        Learned by the fold.
    """
    answering = challenger.learner.answering
    evidence = Evidence(answering.snapshot().tensors, {}, examples)
    if court is not None:
        duel = None if challenger.duel.champion is None else challenger.duel.record
        evidence = replace(evidence, duel=duel, excess=court.excess(answering.predict_many))
    decision, tried = judge(gate, evidence), examples - challenger.begun
    if not decision.admitted and tried < challenger.trial and challenger.duel.champion is not None:
        return None
    figures = {"retrained_examples": float(challenger.rows), "trial_examples": float(tried)}
    return replace(decision, policy="retrain", scores={**decision.scores, **figures})


def blank_challenger(learner: ServableLearner, loss: BoundedLoss) -> Challenger:
    """Make one that has learned nothing and meets nobody."""
    return Challenger(learner, Duel(loss))
