"""The text of an entity: its key fields, joined so that no two entities share it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SEPARATOR = b"\x1f"
_ESCAPE = b"\x10"


def entity_text(fields: Sequence[NDArray[np.bytes_]]) -> NDArray[np.bytes_]:
    r"""Join key fields with the unit separator; one that stands in a value itself is escaped.

    Parameters
    ----------
    fields : sequence of ndarray, dtype ``S<n>``, shape (B,)
        The key fields, in the order of the pipeline file; at least one.

    Returns
    -------
    ndarray, dtype ``S<m>``, shape (B,)
        Different for different tuples of fields (up to trailing zero bytes, which NumPy does not keep). Empty where
        any field is empty: such a row belongs to no entity.

    Examples
    --------
    >>> entity_text([np.array([b"JFK", b"LGA"]), np.array([b"UA", b""])])
    array([b'JFK\x1fUA', b''], dtype='|S6')
    """
    first, *others = fields
    text_B = _escaped(first)
    known_B = first != b""
    for field_B in others:
        text_B = np.char.add(np.char.add(text_B, SEPARATOR), _escaped(field_B))
        known_B = known_B & (field_B != b"")
    return np.where(known_B, text_B, b"").astype(text_B.dtype)


def _escaped(text_B: NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    raw = text_B.tobytes()
    if SEPARATOR not in raw and _ESCAPE not in raw:
        return text_B
    return np.char.replace(np.char.replace(text_B, _ESCAPE, _ESCAPE + b"0"), SEPARATOR, _ESCAPE + b"1")
