"""Alarms of detectors are events on the drift topic: of the log alone, and read as one whatever kills the learner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.determinism import make_deterministic
from models.drift.event import Drift, drifts_of
from schemas.contracts import Contracts
from schemas.errors import ConfigurationError
from schemas.examples import Examples
from schemas.pipeline_file import parse_pipeline
from services.learner.core import checkpoint_of, step
from services.learner.effects import Candidate, DriftFound, Effect
from services.learner.plan import plan_of
from services.learner.recipe import recipe_of
from services.learner.state import decode_state
from tests.services.learner.mortal import Fate
from tests.services.learner.rig import SMALL, World, fill, small_contracts
from tests.services.learner.test_gate import beginning, learned, log_of
from tests.services.learner.test_recall_session import encoded

make_deterministic()
ROWS, TURN, BACK = 1280, 400, 520
WATCHED = "drift: {errors: [adwin, error_rate]}\n"


@cache
def contracts(more: str = WATCHED) -> Contracts:
    return small_contracts("mlp", gate=more)


@cache
def log() -> Examples:
    """Labels follow from the price, without noise, for a while the other way round."""
    found = log_of(contracts(), ROWS)
    truth_B = np.nan_to_num(found.features_BF[:, 1]) > 0
    is_turned_B = (np.arange(ROWS) >= TURN) & (np.arange(ROWS) < BACK)
    return replace(found, label_B=(truth_B ^ is_turned_B).astype(np.float64))


@cache
def whole() -> list[Effect]:
    return learned(contracts(), log())[1]


def told(effects: list[Effect]) -> list[Drift]:
    return [effect.drift for effect in effects if isinstance(effect, DriftFound)]


def test_each_detector_has_one_event_that_begins_at_the_turn_and_closes() -> None:
    for kind in ("adwin", "error_rate"):
        opened, *_, closed = [drift for drift in told(whole()) if drift.test == kind]
        place = int(np.flatnonzero(log().offset_B == opened.offset)[0])
        assert TURN <= place < TURN + 100
        assert (opened.state, closed.state) == ("opened", "closed")
        assert opened.id == closed.id == f"errors:{kind}:{opened.offset}"
        assert opened.statistic > opened.threshold
        assert opened.version == max(v.number for v in whole() if isinstance(v, Candidate) and v.examples <= place)
        assert opened.window_end <= log().label_time_B[: place + 8].max()


@settings(max_examples=3, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS), max_size=4).map(sorted), stop=st.integers(0, ROWS))
def test_neither_cuts_nor_a_restart_from_any_checkpoint_change_what_is_told(cuts: list[int], stop: int) -> None:
    assert learned(contracts(), log(), cuts)[1] == whole()
    broken, before = learned(contracts(), log()[:stop])
    plan, kept = plan_of(contracts().pipeline), checkpoint_of(plan_of(contracts().pipeline), broken)
    again = decode_state(plan, beginning(contracts()).learner, kept.payload)
    _, after = step(plan, again, log()[np.flatnonzero(log().offset_B >= kept.offset)])
    assert [*before, *after] == whole()


def test_detectors_alone_change_no_version_and_may_be_named_later() -> None:
    plain = contracts("")
    assert recipe_of(plain.pipeline) == recipe_of(contracts().pipeline)
    state, before = learned(plain, log()[:300])
    plan, kept = plan_of(contracts().pipeline), checkpoint_of(plan_of(plain.pipeline), state)
    again = decode_state(plan, beginning(contracts()).learner, kept.payload)
    _, after = step(plan, again, log()[np.flatnonzero(log().offset_B >= kept.offset)])
    of_both = [*before, *after]
    assert {drift.test for drift in told(of_both)} == {"adwin", "error_rate"}
    assert versions(of_both) == versions(whole()) == versions(learned(plain, log())[1])
    assert told(learned(plain, log())[1]) == []


def versions(effects: list[Effect]) -> list[str]:
    return [effect.digest for effect in effects if isinstance(effect, Candidate)]


def test_one_that_a_reaction_heeds_is_told_of_too() -> None:
    rules = "keep_versions: 4, reactions: [{alarm: adwin, do: {warm_restart: true}}]"
    assert {d.test for d in told(learned(small_contracts("mlp", keep=rules), log()[: TURN + 200])[1])} == {"adwin"}


def test_a_detector_of_right_and_wrong_is_refused_for_a_regression() -> None:
    text = SMALL.replace("MODEL", "mlp").replace("{type: binary}", "{type: regression, range: [0, 1]}")
    with pytest.raises(ConfigurationError, match=r"drift.errors.1: ddm reads right and wrong.*take adwin"):
        parse_pipeline(text + "drift: {errors: [adwin, ddm]}", "x.yaml")
    assert parse_pipeline(text + "drift: {errors: [adwin]}", "x.yaml").drift.errors == ("adwin",)


def world(folder: Path) -> World:
    found = World(contracts(), folder)
    fill(found.topics, encoded(contracts(), log()))
    return found


def sent(of: World) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Key and value of every record on the drift topic, in order."""
    for outgoing in of.topics.sent:
        if outgoing.topic == of.topic("drift"):
            yield from zip(outgoing.keys, outgoing.values, strict=True)


@pytest.mark.parametrize("every", [17, 23])
def test_killed_again_and_again_the_same_events_are_on_the_topic(every: int, tmp_path: Path) -> None:
    undisturbed, killed = world(tmp_path / "undisturbed"), world(tmp_path / "killed")
    undisturbed.live()
    records = list(sent(undisturbed))
    for life in count():
        assert life < 100
        if not killed.killed(Fate(at=every), seed=life):
            break
    assert life > 2
    # What is sent again is the same to the byte, and whoever keeps the last of each id has read it once.
    assert list(dict.fromkeys(sent(killed))) == records
    assert dict(sent(killed)) == dict(records)
    part = contracts().decode([value for _, value in records], ("Drift",)).part("Drift")
    assert part is not None
    assert [drift.state for drift in drifts_of(part.columns)].count("closed") == 2
    assert undisturbed.metrics.value("drifts_total", source="errors", severity="act") >= 2
