"""`anabranch gate` tells every decision as it was recorded; on real Kafka."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from adapters.local_stack import StackAddresses
from models.gate_evidence import Decision
from services.cli.assembly import assemble
from services.cli.gate_telling import decisions_of, why
from tests.services.cli.test_models import Place

REASONS = st.lists(st.text(min_size=1), max_size=3).map(tuple)


@given(st.lists(REASONS, max_size=5), st.randoms(use_true_random=False))
def test_decisions_come_in_order_with_their_reasons_and_refusals_can_be_had_alone(
    reasons: list[tuple[str, ...]], random: Random
) -> None:
    decisions = [Decision("better", not r, r, {"gain": 0.1, "log_e": float("inf")}) for r in reasons]
    manifests = [
        {"number": number, "published": d.admitted, "gate": d.as_json()} for number, d in enumerate(decisions, 1)
    ]
    random.shuffle(manifests)
    rows = decisions_of(manifests)
    assert [row["number"] for row in rows] == list(range(1, len(reasons) + 1))
    assert [tuple(row["reasons"]) for row in rows] == reasons
    assert [row["number"] for row in decisions_of(manifests, refused=True)] == [
        number for number, given_reasons in enumerate(reasons, 1) if given_reasons
    ]
    assert all(row["scores"]["log_e"] is None for row in rows)
    assert [why(row) for row in rows if row["reasons"]] == ["; ".join(r) for r in reasons if r]


def test_a_refusal_is_listed_and_shown(stack: StackAddresses, tmp_path: Path) -> None:
    place = Place(stack, tmp_path)

    def call(*arguments: str) -> str:
        argv = ["gate", *arguments, *place.where]
        result = CliRunner().invoke(assemble(argv), argv)
        assert result.exit_code == 0
        return result.stdout

    assert [row["outcome"] for row in json.loads(call("list", "--json"))] == ["published", "published", "refused"]
    assert [row["number"] for row in json.loads(call("list", "--json", "--refused"))] == [3]
    assert json.loads(call("show", "3", "--json"))["reasons"] == ["loss is nan"]
