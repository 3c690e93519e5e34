"""Which of several labels of one request is believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from stream_jobs.label_join.rows import HeldLabel


def believed(labels: Sequence[HeldLabel], policy: Literal["earliest", "latest", "majority"]) -> HeldLabel:
    """Choose a label.

    ``earliest`` is the first that came; ``latest`` the one with the latest event time, of equal ones the last that
    came. ``majority`` gives each labeller one vote, the last it cast; of the most voted value, the first label that
    came; values with equally many votes rank by their first label. Labels without a labeller count as one labeller's.

    Parameters
    ----------
    labels : sequence of HeldLabel
        At least one, in the order they came.
    policy : str

    Examples
    --------
    >>> from stream_jobs.label_join.rows import HeldLabel
    >>> votes = [(b"ann", 1.0), (b"bob", 0.0), (b"eve", 0.0)]
    >>> labels = [HeldLabel(b"r", i, v, 0.0, i, who, None, b"", ()) for i, (who, v) in enumerate(votes)]
    >>> [believed(labels, policy).offset for policy in ("earliest", "latest", "majority")]
    [0, 2, 1]
    """
    if policy == "earliest":
        return labels[0]
    if policy == "latest":
        return max(labels, key=lambda label: (label.time, label.offset))
    votes = Counter({label.labeller: label.value for label in labels}.values())
    most = max(votes.values())
    return next(label for label in labels if votes[label.value] == most)
