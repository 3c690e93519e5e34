"""Labels held against trusted ones: does what others say contradict those who are believed, on inputs alike?

The newest labels of trusted labellers are kept with their vectors. A label of anybody else is held against its nearest
neighbours among them: where these all agree and it says otherwise, it contradicts them. Trusted labels are held
against the ones before them in the same way, which says how often an honest label does; what is beyond that counts.

References
----------
Wilson 1972: Asymptotic properties of nearest neighbor rules using edited data (a label unlike its neighbours').
Gower 1971: A general coefficient of similarity and some of its properties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.protocol import Float32, Float64, Snapshot, Target

LEAST: Final = 20
"""Fewer trusted labels decide nothing."""
_UNSURE, _AGREES, _CONTRADICTS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class TrustedRules:
    """Whom to believe, and how to compare.

    Attributes
    ----------
    labellers : frozenset of bytes
        Names, UTF-8.
    size : int
        Newest trusted labels kept.
    nearest : int
        Neighbours that must all agree.
    columns : tuple of int
        Of the vector, by which inputs are compared.
    is_category : tuple of bool
        Of each of these columns.
    width : int
        Of the vector, F.
    """

    labellers: frozenset[bytes]
    size: int
    nearest: int
    columns: tuple[int, ...]
    is_category: tuple[bool, ...]
    width: int
    target: Target


@dataclass(frozen=True, slots=True)
class Held:
    """What came of holding labels against trusted ones.

    `rows` labels of others had neighbours that agree; `contradicted` of them said otherwise, of which `expected` would
    have if they were as honest as the trusted ones before. `own_rows` and `own_contradicted` say the same of the
    trusted labels that came with them: these contradict the ones before when the world has changed.
    """

    rows: int = 0
    contradicted: int = 0
    expected: float = 0.0
    own_rows: int = 0
    own_contradicted: int = 0


class TrustedHoldout:
    """The newest trusted labels, H of them. Learns in place.

    Parameters
    ----------
    rules : TrustedRules

    Examples
    --------
    >>> rules = TrustedRules(frozenset({b"audit"}), 64, 3, (0,), (False,), 1, "binary")
    >>> holdout = TrustedHoldout(rules)
    >>> x_BF = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    >>> truth_B = (x_BF[:, 0] > 0).astype(np.float64)
    >>> holdout.see(x_BF, truth_B, np.full(40, b"audit")).rows
    0
    >>> holdout.see(x_BF[:10], 1 - truth_B[:10], np.full(10, b"other"))
    Held(rows=10, contradicted=10, expected=0.0, own_rows=0, own_contradicted=0)
    """

    def __init__(self, rules: TrustedRules) -> None:
        self._rules = rules
        self._x_HF = np.empty((0, rules.width), np.float32)
        self._y_H = np.empty(0, np.float64)
        self._verdict_H = np.empty(0, np.uint8)

    def see(self, x_BF: Float32, y_B: Float64, labeller_B: NDArray[np.bytes_]) -> Held:
        """Hold labels that came against the trusted ones before them; then keep the trusted ones among them."""
        trusted_B = np.isin(labeller_B, list(self._rules.labellers))
        verdict_B = self._verdicts(x_BF, y_B)
        rows, contradicted = _counted(verdict_B[~trusted_B])
        held = Held(rows, contradicted, rows * self._own_share(), *_counted(verdict_B[trusted_B]))
        self._keep(x_BF[trusted_B], y_B[trusted_B], verdict_B[trusted_B])
        return held

    def snapshot(self) -> Snapshot:
        """All of its state."""
        return Snapshot({"x": self._x_HF.copy(), "y": self._y_H.copy(), "verdict": self._verdict_H.copy()})

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from."""
        tensors = {name: np.array(value) for name, value in snapshot.tensors.items()}
        self._x_HF, self._y_H, self._verdict_H = tensors["x"], tensors["y"], tensors["verdict"]

    def _keep(self, x_BF: Float32, y_B: Float64, verdict_B: NDArray[np.uint8]) -> None:
        newest = slice(-self._rules.size, None)
        self._x_HF = np.concatenate((self._x_HF, x_BF))[newest]
        self._y_H = np.concatenate((self._y_H, y_B))[newest]
        self._verdict_H = np.concatenate((self._verdict_H, verdict_B))[newest]

    def _own_share(self) -> float:
        """How often a trusted label contradicts those before it."""
        judged, contradicted = _counted(self._verdict_H)
        return contradicted / judged if judged >= LEAST else 0.0

    def _verdicts(self, x_BF: Float32, y_B: Float64) -> NDArray[np.uint8]:
        if len(self._y_H) < max(LEAST, self._rules.nearest) or not len(y_B):
            return np.full(len(y_B), _UNSURE, np.uint8)
        # Stable: of two that are equally near it is the older, on every machine.
        near_BN = np.argsort(self._distance(x_BF), axis=1, kind="stable")[:, : self._rules.nearest]
        label_BN = self._y_H[near_BN]
        low_B, high_B = label_BN.min(axis=1), label_BN.max(axis=1)
        # Classes agree if they are the same, values if they are within a standard deviation of all.
        room = float(self._y_H.std()) if self._rules.target == "regression" else 0.0
        agrees_B = np.abs(y_B - np.median(label_BN, axis=1)) <= room
        return np.where(high_B - low_B > room, _UNSURE, np.where(agrees_B, _AGREES, _CONTRADICTS)).astype(np.uint8)

    def _distance(self, x_BF: Float32) -> Float64:
        """Sum over columns of 0 (alike) to 1 (two standard deviations apart, another category, or missing), (B, H)."""
        distance_BH = np.zeros((len(x_BF), len(self._y_H)))
        for column, is_category in zip(self._rules.columns, self._rules.is_category, strict=True):
            one_B1, other_H = x_BF[:, column, None].astype(np.float64), self._x_HF[:, column].astype(np.float64)
            if is_category:
                distance_BH += one_B1 != other_H
            else:
                apart_BH = np.abs(one_B1 - other_H) / (2 * _spread(other_H))
                distance_BH += np.fmin(apart_BH, 1.0)  # what is no number is 1
        return distance_BH


def _counted(verdict_N: NDArray[np.uint8]) -> tuple[int, int]:
    """Verdicts that were possible, and those that were against the label."""
    return int((verdict_N != _UNSURE).sum()), int((verdict_N == _CONTRADICTS).sum())


def _spread(value_H: Float64) -> float:
    known = value_H[~np.isnan(value_H)]
    spread = float(known.std()) if len(known) else 0.0
    return spread if spread > 0 else 1.0
