"""Regimes of a stream with two numbers and a category, and a linear learner that lives through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from models.concepts.bank import Bank
from models.concepts.settings import BankSettings
from models.gate_duel import Champion
from models.gate_loss import BoundedLoss
from models.network import NetworkShape
from models.protocol import Float32, Float64
from models.river_linear import RiverLinear
from models.snapshot import encode_model
from schemas.pipeline_gate import Concepts

BATCH, WINDOW = 16, 128
RULES = Concepts(size=3, sample=64, window=WINDOW)
SHAPE = NetworkShape((0, 1), ((2, 4),), outputs=1, hidden=1, blocks=0, embedding=1, dropout=0.0)

Regime = Literal["here", "here turned", "there", "there turned"]
"""Where the second number is; turned: the first one now says the opposite."""


def rows_of(regime: Regime, rows: int, seed: int) -> tuple[Float32, Float64]:
    """Labels follow the sign of the first number, a tenth of them at random."""
    random = np.random.default_rng([seed, len(regime)])
    x_BF = random.normal(size=(rows, 3)).astype(np.float32)
    x_BF[:, 1] += 6 if regime.startswith("there") else -6
    x_BF[:, 2] = random.integers(0, 4, rows)
    y_B = ((x_BF[:, 0] > 0) != regime.endswith("turned")).astype(np.float64)
    return x_BF, np.where(random.random(rows) < 0.1, 1 - y_B, y_B)


def new_bank(rules: Concepts = RULES) -> Bank:
    ranges = ((-10.0, 10.0), (-10.0, 10.0), (0.0, 4.0))
    return Bank(BankSettings(rules, BoundedLoss("binary"), (0, 0, 4), ranges, (0, 1, 2), 3, seed=0))


@dataclass
class Life:
    """A bank along a stream, with a learner that begins anew in each regime; published every 256 examples."""

    bank: Bank = field(default_factory=new_bank)
    learner: RiverLinear = field(default_factory=lambda: RiverLinear(SHAPE, "binary"))
    champion: Champion | None = None
    number: int = 0
    regimes: list[int] = field(default_factory=list)
    seen: int = 0

    def live(
        self, *regimes: tuple[Regime, int], seed: int = 0, each: Callable[[], None] = lambda: None, publish: bool = True
    ) -> Life:
        """Live through regimes, each with so many examples."""
        for place, (regime, rows) in enumerate(regimes):
            x_BF, y_B = rows_of(regime, rows, seed + 10 * place)
            self.learner = RiverLinear(SHAPE, "binary")
            for start in range(0, rows, BATCH):
                self.batch(x_BF[start : start + BATCH], y_B[start : start + BATCH], publish)
                each()
        return self

    def batch(self, x_BF: Float32, y_B: Float64, publish: bool = True) -> None:
        loss = self.bank.settings.loss
        champion_B = None if self.champion is None else loss(self.champion.model.predict_many(x_BF), y_B)
        self.bank.see(x_BF, y_B, self.champion, champion_B)
        for _ in range(4):
            self.learner.learn_many(x_BF, y_B)
        self.seen += len(y_B)
        if publish and self.seen % 256 == 0:
            self.number += 1
            self.champion = Champion.read(self.number, encode_model(self.learner.served())[0])
        now = self.bank.open.number if self.bank.open else 0
        if now != (self.regimes[-1] if self.regimes else 0):
            self.regimes.append(now)


def banked(bank: Bank) -> Sequence[int]:
    return [concept.number for concept in bank.closed]
