"""Headers come back from a letter as they were: names, values, order, however often a name repeats."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.contracts import contracts_of
from schemas.dead_letters import dead_letters
from schemas.decoded import Fault
from schemas.header_map import headers_of_map, map_of_headers
from schemas.records import Headers, Records
from tests.schemas.pipelines import small_pipeline

NAMES = st.one_of(
    st.sampled_from(["a", "b", "a#1", "a#2", "a#2#1", "#2", "", "traceparent"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
HEADERS = st.lists(st.tuples(NAMES, st.binary(max_size=8)), max_size=12).map(tuple)
CONTRACTS = contracts_of(small_pipeline())


@given(HEADERS)
def test_each_header_has_a_key_of_its_own_and_comes_back(headers: Headers) -> None:
    entries = map_of_headers(headers)
    assert len(entries) == len(headers)
    assert headers_of_map(entries) == headers


@given(st.lists(HEADERS, min_size=1, max_size=4))
def test_headers_come_back_from_the_letter_itself(rows: list[Headers]) -> None:
    n = len(rows)
    at_B = np.arange(n, dtype=np.int64)
    records = Records("labels", np.zeros(n, np.int32), at_B, at_B, [b"k"] * n, [b"v"] * n, rows)
    out = dead_letters(CONTRACTS, records, [Fault(row, "bad_id", "") for row in range(n)], "label_join", 0.0)
    part = CONTRACTS.decode(out.values, ("DeadLetter",)).part("DeadLetter")
    assert part is not None
    assert [headers_of_map(entries) for entries in part.columns["headers"]] == rows
