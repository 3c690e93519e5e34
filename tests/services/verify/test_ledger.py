"""Two sides balance exactly if they hold the same keys equally often; else the first that is too many is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.verify.hashing import Hashes, hash_rows
from services.verify.ledger import Entries, Ledger, Side, first_surplus
from services.verify.zone import Zone

KEYS = st.lists(st.integers(0, 30), max_size=60)


def hashes(keys: Sequence[int]) -> Hashes:
    return hash_rows(np.array(keys, np.int64))


def side(keys: Sequence[int], cuts: int) -> Side:
    """Records whose offsets are the places in a list, read in stretches."""

    def read() -> Iterator[Entries]:
        for first in range(0, len(keys), cuts):
            key_N = hashes(keys[first : first + cuts])
            yield Entries("t", np.zeros(len(key_N), np.int64), np.arange(first, first + len(key_N)), key_N)

    return read


def ledger(credits: Sequence[int], debits: Sequence[int]) -> Ledger:
    return Ledger().credit(hashes(credits)).debit(hashes(debits))


@given(KEYS, st.randoms(use_true_random=False))
def test_order_does_not_matter(keys: list[int], random: st.DrawFn) -> None:
    shuffled = sorted(keys, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert ledger(keys, shuffled).is_balanced


@given(KEYS, KEYS)
def test_it_balances_if_and_only_if_the_sides_are_equal(credits: list[int], debits: list[int]) -> None:
    assert ledger(credits, debits).is_balanced == (Counter(credits) == Counter(debits))


@given(KEYS, KEYS, st.integers(1, 7), st.integers(1, 80))
def test_the_first_of_which_there_are_too_many_is_named(
    credits: list[int], debits: list[int], cuts: int, most: int
) -> None:
    found = first_surplus(ledger(credits, debits).differing, side(credits, cuts), side(debits, cuts), most)
    surplus = Counter(credits) - Counter(debits)
    assert (found is None) == (not surplus)
    if found:
        key = credits[found.offset]
        assert key in surplus
        if most >= len(credits):
            met, rest = Counter[int](), Counter(debits)
            first = next(i for i, k in enumerate(credits) if met.update([k]) or met[k] > rest[k])
            assert found.offset == first


@given(st.lists(st.integers(0, 9), max_size=30), st.lists(st.integers(0, 9), max_size=30))
def test_answers_beyond_the_cut_are_told_from_those_before(before: list[int], beyond: list[int]) -> None:
    zone = Zone(hashes(beyond))
    inside = zone.owe(hashes(before))
    assert inside.tolist() == [key in beyond for key in before]
    zone.pay(hashes([*before, *beyond]))
    assert (len(zone.unpaid), len(zone.overpaid), zone.answered_since) == (0, 0, len(beyond))
    if beyond:
        zone.pay(hashes(beyond[:1]))
        assert zone.overpaid.tolist() == hashes(beyond[:1]).tolist()


@given(st.lists(st.text("ab\u00e9", max_size=12), min_size=1, max_size=20, unique=True))
def test_texts_hash_alike_in_columns_of_any_width(texts: list[str]) -> None:
    whole = hash_rows(np.array([text.encode() for text in texts], "S64"))
    alone = [int(hash_rows(np.array([text.encode()]))[0]) for text in texts]
    assert whole.tolist() == alone
    assert len(set(alone)) == len(texts)


def test_a_sign_that_changes_twice_is_seen() -> None:
    x_BF = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
    flipped = x_BF.copy()
    flipped[:, 1] *= -1
    flipped[:, 3] *= -1
    assert not (hash_rows(x_BF) == hash_rows(flipped)).any()
