"""Every row of the examples log is learned from or is a fault with its reason, never both and never neither."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec
from schemas.contracts import Contracts, contracts_of
from schemas.examples import Examples, no_examples, read_log
from schemas.records import Records
from schemas.static_ids import static_id
from tests.services.learner.rig import example_values, small_contracts

CONTRACTS = small_contracts()


def spoiled(contracts: Contracts, value: bytes, how: str) -> tuple[bytes | None, str]:
    """An example that cannot be learned from, and the reason that must be given."""
    part = contracts.decode([value], ("Example",)).part("Example")
    assert part is not None
    wide = np.zeros((1, contracts.layout.width + 1), np.float32)
    columns = {
        "features": {"features": wide},
        "infinite": {"features": np.full((1, contracts.layout.width), -np.inf, np.float32)},
        "output": {"output": np.zeros((1, 0), np.float32)},
        "unsure": {"output": np.full((1, 1), np.nan, np.float32)},
        "label": {"label": np.array([2.0])},
        "half": {"label": np.array([0.5])},
        "nan": {"label": np.array([np.nan])},
        "time": {"label_time": np.array([np.inf])},
    }
    if how == "cut":
        return value[:-3], "truncated"
    if how == "none":
        return None, "no_value"
    reason = {"label": "bad_label", "half": "bad_label", "nan": "bad_label", "time": "bad_time"}.get(how, "bad_vector")
    return contracts.codec("Example").encode({**part.columns, **columns[how]})[0], reason


HOWS = ("good", "features", "infinite", "output", "unsure", "label", "half", "nan", "time", "cut", "none")


@settings(max_examples=60, deadline=None)
@given(hows=st.lists(st.sampled_from(HOWS), max_size=12))
def test_each_row_is_an_example_or_a_fault(hows: list[str]) -> None:
    made = [
        (value, "") if how == "good" else spoiled(CONTRACTS, value, how)
        for value, how in zip(example_values(CONTRACTS, len(hows)), hows, strict=True)
    ]
    zeros_B = np.zeros(len(hows), np.int64)
    values, reasons = [value for value, _ in made], [reason for _, reason in made]
    offset_B = 3 * np.arange(len(hows)) + 5
    records = Records("e", zeros_B.astype(np.int32), offset_B, zeros_B, [None] * len(hows), values, [()] * len(hows))
    examples, faults = read_log(CONTRACTS, records)
    assert examples.offset_B.tolist() == [o for o, reason in zip(offset_B.tolist(), reasons, strict=True) if not reason]
    assert [(f.row, f.reason) for f in faults] == [(row, reason) for row, reason in enumerate(reasons) if reason]


@given(cut=st.integers(0, 9))
def test_stretches_join_to_the_whole(cut: int) -> None:
    values, zeros_B = example_values(CONTRACTS, 9), np.zeros(9, np.int64)
    records = Records("e", zeros_B.astype(np.int32), np.arange(9), zeros_B, [None] * 9, values, [()] * 9)
    whole, _ = read_log(CONTRACTS, records)
    joined = no_examples(CONTRACTS.layout).followed_by(whole[:cut]).followed_by(whole[cut:])
    for name in Examples.__slots__:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


def test_an_example_from_before_labellers_were_known_has_an_empty_one() -> None:
    new = CONTRACTS.codec("Example").schema
    old = {**new, "fields": [field for field in new["fields"] if field["name"] != "labeller"]}
    part, _ = CONTRACTS.codec("Example").decode(example_values(CONTRACTS, 3))
    columns = {name: column for name, column in part.columns.items() if name != "labeller"}
    values = Codec(old, static_id(old)).encode(columns)
    later = contracts_of(CONTRACTS.pipeline, former=[(static_id(old), old)])
    zeros_B = np.zeros(3, np.int64)
    records = Records("e", zeros_B.astype(np.int32), np.arange(3), zeros_B, [None] * 3, values, [()] * 3)
    examples, faults = read_log(later, records)
    assert (examples.labeller_B.tolist(), faults) == ([b""] * 3, ())
    np.testing.assert_array_equal(examples.features_BF, part.columns["features"])
