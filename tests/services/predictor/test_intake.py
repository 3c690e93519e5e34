"""Every request of a batch has exactly one fate, and every usable id exactly one answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Headers
from schemas.status import Status
from services.predictor.intake import DEADLINE_HEADER, take_in
from tests.services.predictor.world import NOON, contracts, requests

CONTRACTS = contracts()
IDS = st.sampled_from(["r1", "r2", "r3", "r4", "r5"])
GOOD = st.builds(lambda i: requests(CONTRACTS, [i])[0], IDS)
WRONG = st.builds(lambda i: requests(CONTRACTS, [i], size=11.0)[0], IDS)
NAMELESS = st.sampled_from([requests(CONTRACTS, [""])[0], requests(CONTRACTS, [""], size=11.0)[0]])
GARBAGE = st.one_of(st.none(), st.binary(max_size=30), GOOD.map(lambda value: value[:-3]))
HEADERS: st.SearchStrategy[Headers] = st.sampled_from(
    [
        (),
        (),
        ((DEADLINE_HEADER, b"%d" % (NOON - 1)),),
        ((DEADLINE_HEADER, b"%d" % (NOON + 1)),),
        ((DEADLINE_HEADER, b"x"),),
    ]
)


@given(st.lists(st.tuples(st.one_of(GOOD, WRONG, NAMELESS, GARBAGE), HEADERS), max_size=12))
def test_each_row_has_one_fate_and_each_id_one_answer(batch: list[tuple[bytes | None, Headers]]) -> None:
    decoded = CONTRACTS.decode([value for value, _ in batch], ("Request",))
    intake = take_in(decoded, [headers for _, headers in batch], NOON, "item")
    served = intake.served.row_N.tolist() if intake.served else []
    answered = [*served, *(r.row for r in intake.refused)]
    dead = [f.row for f in intake.dead]
    assert len({*answered, *dead}) == len(answered) + len(dead) == len(batch)
    ids = intake.served.columns["request_id"].tolist() if intake.served else []
    ids += [r.request_id for r in intake.refused]
    assert len(set(ids)) == len(ids)
    named = {
        row: part.columns["request_id"][i]
        for part in (*decoded.parts, *decoded.refused)
        for i, row in enumerate(part.row_N)
    }
    first = {request_id: min(row for row in named if named[row] == request_id) for request_id in named.values()}
    first.pop(b"", None)
    assert dict(zip(ids, answered, strict=True)) == first


def test_a_wrong_value_is_answered_with_the_field_named() -> None:
    refusal, *others = take_in(
        CONTRACTS.decode(requests(CONTRACTS, ["r1"], size=11), ("Request",)), [()], NOON, "item"
    ).refused
    assert others == []
    assert (refusal.status, refusal.request_id, refusal.entity) == (Status.REJECTED, b"r1", b"a0")
    assert "size" in refusal.reason


def test_a_passed_deadline_expires_and_one_ahead_does_not() -> None:
    headers = [((DEADLINE_HEADER, f"{NOON + late}".encode()),) for late in (-250, 0, 250)]
    intake = take_in(CONTRACTS.decode(requests(CONTRACTS, ["r1", "r2", "r3"]), ("Request",)), headers, NOON, "item")
    assert [(r.request_id, r.status) for r in intake.refused] == [(b"r1", Status.EXPIRED)]
    assert "250 ms" in intake.refused[0].reason
    assert intake.served is not None
    assert intake.served.columns["request_id"].tolist() == [b"r2", b"r3"]


@pytest.mark.parametrize("deadline", [b"soon", b"", b"nan", b"inf", b"-inf", b"1e999", b"\xff", b"\0"])
def test_a_deadline_that_is_no_number_is_told(deadline: bytes) -> None:
    intake = take_in(
        CONTRACTS.decode(requests(CONTRACTS, ["r1"]), ("Request",)), [((DEADLINE_HEADER, deadline),)], NOON, "item"
    )
    assert [(r.status, DEADLINE_HEADER in r.reason) for r in intake.refused] == [(Status.REJECTED, True)]
