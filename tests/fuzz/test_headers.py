"""Headers of any names and values: requests keep one fate each, and letters keep them whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.header_map import headers_of_map, map_of_headers
from schemas.records import Headers
from schemas.status import Status
from services.predictor.intake import DEADLINE_HEADER, take_in
from tests.fuzz.hostile import fuzzed
from tests.fuzz.sound import contracts, sound

NAMES = st.sampled_from([DEADLINE_HEADER, "priority", "a", "a#2", "a#2#1", "#1", ""]) | st.text(max_size=6)
NUMBERS = [b"nan", b"inf", b"-inf", b"1e999", b"0x10", b"1_0", b" 5 ", b"9" * 5000, b"\xff", b"", b"-1", "٣".encode()]
HEADERS = st.lists(st.tuples(NAMES, st.sampled_from(NUMBERS) | st.binary(max_size=8)), max_size=6).map(tuple)
_, REQUEST = sound("Request")


@fuzzed
@given(st.lists(HEADERS, min_size=1, max_size=4), st.floats(0, 2.0**47))
def test_each_request_is_served_refused_or_dead(headers: list[Headers], now_ms: float) -> None:
    # Each has an id of its own: the last byte of the record.
    values = [REQUEST[:-1] + b"%d" % place for place in range(len(headers))]
    decoded = contracts().decode(values, ("Request",))
    intake = take_in(decoded, headers, now_ms, "user")
    served = intake.served.row_N.tolist() if intake.served else []
    fates = [*served, *(r.row for r in intake.refused), *(f.row for f in intake.dead)]
    assert sorted(fates) == list(range(len(values)))
    assert {r.status for r in intake.refused} <= {Status.REJECTED, Status.EXPIRED}


@fuzzed
@given(HEADERS)
def test_letters_keep_headers_whole(headers: Headers) -> None:
    assert headers_of_map(map_of_headers(headers)) == headers
