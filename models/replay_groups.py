"""Replay memory that gives every class, or every class of every concept, an equal share of its room.

Shape suffixes: B rows offered, R rows drawn, F columns, M rows held, G groups.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from models.protocol import Float32, Float64, Snapshot
from models.replay import Int64, places
from schemas.errors import DataError

Key = tuple[int, int]
"""Concept and class. A label that is no number is of class -1."""


class GroupedMemory:
    """A reservoir for each group, all of one size, and as many draws from each that draws are made from, if by class.

    Where concepts are told apart, draws are made from those of the past as soon as there are any: the fresh examples
    beside them are the present's. Each concept is drawn as often, and in it each class as often as it came: with equal
    shares of rare classes the network would learn that they are frequent there. A concept that the present contradicts
    is kept, but not drawn.

    With each new group the others shrink to a random part of themselves, which stays a uniform sample of its group. If
    there are more groups than places the one that was longest without an example goes.

    Parameters
    ----------
    size : int
        Examples held at most, over all groups.
    width : int
        F.
    seed : int
    classes : bool
        Whether labels are classes; otherwise only concepts are told apart.
    concepts : bool
        Whether concepts are told apart.

    References
    ----------
    Vitter 1985: Random sampling with a reservoir (algorithm R, in each group).
    Chrysakis, Moens 2020: Online continual learning from imbalanced data (why classes need equal shares).

    Examples
    --------
    >>> memory = GroupedMemory(size=4, width=1, seed=0, classes=True, concepts=False)
    >>> memory.add(np.zeros((9, 1), np.float32), np.array([0.0] * 8 + [1.0]))
    >>> memory.held
    {(0, 0): 2, (0, 1): 1}
    """

    def __init__(self, size: int, width: int, seed: int, classes: bool, concepts: bool) -> None:
        self._x_MF = np.zeros((size, width), np.float32)
        self._y_M = np.zeros(size, np.float64)
        self._random = np.random.default_rng(seed)
        self._classes, self._concepts = classes, concepts
        self._concept = 0
        self._left_out: frozenset[int] = frozenset()
        self._clock = 0
        # In the order of their places: group g holds rows from g times the share on.
        self._keys: list[Key] = []
        self._seen: list[int] = []
        self._fed: list[int] = []

    def __len__(self) -> int:
        return sum(self.held.values())

    @property
    def held(self) -> dict[Key, int]:
        """How many examples there are of each group."""
        return {key: min(seen, self._share) for key, seen in zip(self._keys, self._seen, strict=True)}

    def add(self, x_BF: Float32, y_B: Float64) -> None:
        """Offer examples, in their order."""
        class_B = np.nan_to_num(y_B, nan=-1.0).astype(np.int64) if self._classes else np.zeros(len(y_B), np.int64)
        for label in np.unique(class_B).tolist():
            rows = np.flatnonzero(class_B == label)
            group = self._group((self._concept if self._concepts else 0, int(label)))
            place_B = places(self._seen[group], len(rows), self._share, self._random)
            taken = np.flatnonzero(place_B < self._share)
            at = group * self._share + place_B[taken]
            self._x_MF[at], self._y_M[at] = x_BF[rows[taken]], y_B[rows[taken]]
            self._seen[group] += len(rows)
            self._clock += 1
            self._fed[group] = self._clock

    def sample(self, rows: int) -> tuple[Float32, Float64]:
        """Draw examples with replacement: float32 (rows, F), float64 (rows,); none if there is none to draw."""
        drawn = self._drawn()
        group_R = np.array(drawn, np.int64)[self._places_of(drawn, rows if drawn else 0)]
        held_G = np.minimum(np.array(self._seen, np.int64), self._share)
        place_R = (self._random.random(len(group_R)) * held_G[group_R]).astype(np.int64)
        at = group_R * self._share + place_R
        return self._x_MF[at], self._y_M[at]

    def turn_to(self, concept: int, contradicted: Collection[int]) -> None:
        """Put what follows under `concept`, and draw nothing of what was put under `contradicted` ones."""
        if not self._concepts:
            return
        if not any(number for number, _ in self._keys):
            # What came before any regime was told apart belongs to the first.
            self._keys = [(concept, label) for _, label in self._keys]
        self._concept, self._left_out = concept, frozenset(contradicted)

    def snapshot(self) -> Snapshot:
        """What is held, group by group, and the random state."""
        at = self._taken()
        manifest = {
            "keys": [[*key] for key in self._keys],
            "seen": [*self._seen],
            "fed": [*self._fed],
            "clock": self._clock,
            "concept": self._concept,
            "left_out": sorted(self._left_out),
            "random": dict(self._random.bit_generator.state),
        }
        return Snapshot({"x": self._x_MF[at], "y": self._y_M[at]}, manifest)

    def restore(self, snapshot: Snapshot) -> None:
        """Become what `snapshot` was taken from.

        Raises
        ------
        DataError
            It held another number of examples or columns.
        """
        manifest = snapshot.manifest
        self._keys = [(int(concept), int(label)) for concept, label in manifest["keys"]]
        self._seen, self._fed = [int(n) for n in manifest["seen"]], [int(n) for n in manifest["fed"]]
        at, x_MF = self._taken(), snapshot.tensors["x"]
        if x_MF.shape != (len(at), self._x_MF.shape[1]) or snapshot.tensors["y"].shape != at.shape:
            raise DataError(
                f"The replay memory saved has the shape {x_MF.shape}, not {(len(at), self._x_MF.shape[1])}.",
                "The pipeline file has changed since: start the learner anew, or take the old file back.",
            )
        self._x_MF[at], self._y_M[at] = x_MF, snapshot.tensors["y"]
        self._clock, self._concept = int(manifest["clock"]), int(manifest["concept"])
        self._left_out = frozenset(int(concept) for concept in manifest["left_out"])
        self._random.bit_generator.state = manifest["random"]

    def _drawn(self) -> list[int]:
        """Groups to draw from: the past's if there is one, for the fresh examples are the present's."""
        allowed = [g for g, (concept, _) in enumerate(self._keys) if concept not in self._left_out]
        past = [g for g in allowed if self._keys[g][0] != self._concept]
        return past or allowed

    def _places_of(self, drawn: list[int], rows: int) -> Int64:
        """Which of the groups each draw is from."""
        if not self._concepts or not drawn:
            return self._random.integers(0, max(len(drawn), 1), rows)
        seen_G = np.array([self._seen[g] for g in drawn], np.float64)
        concept_G = np.array([self._keys[g][0] for g in drawn])
        share_G = seen_G / np.array([seen_G[concept_G == concept].sum() for concept in concept_G])
        upto_G = np.cumsum(share_G)
        at_R = np.searchsorted(upto_G, self._random.random(rows) * upto_G[-1], side="right")
        return np.asarray(np.minimum(at_R, len(drawn) - 1), np.int64)

    @property
    def _share(self) -> int:
        """Places of each group."""
        return len(self._y_M) // max(len(self._keys), 1)

    def _group(self, key: Key) -> int:
        if key in self._keys:
            return self._keys.index(key)
        if len(self._keys) == len(self._y_M):
            return self._replaced(key)
        self._make_room()
        self._keys.append(key)
        self._seen.append(0)
        self._fed.append(0)
        return len(self._keys) - 1

    def _replaced(self, key: Key) -> int:
        """Give the place of the group that was fed least lately to a new one."""
        group = self._fed.index(min(self._fed))
        self._keys[group], self._seen[group] = key, 0
        return group

    def _make_room(self) -> None:
        """Shrink each group, so that one more has an equal share."""
        share = len(self._y_M) // (len(self._keys) + 1)
        for group, held in enumerate(self.held.values()):
            kept = np.arange(held) if held <= share else np.sort(self._random.choice(held, share, replace=False))
            to, source = group * share, group * self._share + kept
            self._x_MF[to : to + len(kept)] = self._x_MF[source]
            self._y_M[to : to + len(kept)] = self._y_M[source]

    def _taken(self) -> Int64:
        starts = [group * self._share + np.arange(held) for group, held in enumerate(self.held.values())]
        return np.concatenate(starts) if starts else np.zeros(0, np.int64)
