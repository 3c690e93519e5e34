"""A run in which the learner reacted and was retrained holds its promises, and its versions are learned again."""

from __future__ import annotations

import json

from services.learner.effects import Candidate
from tests.services.verify.world import TEXT, World, checked, world

RULES = """reactions: [
  {examples: 40, do: {retrain: {last: 24, passes: 2}}, cool_down: 0},
  {worse: {by: 0.001, window: 8}, do: {warm_restart: true, raise_rate: {times: 3, over: 30}}, cool_down: 20}]"""


def reacted() -> World:
    return world(TEXT.replace("score_window: 40", f"score_window: 40, {RULES}"))


def made(found: World) -> list[Candidate]:
    return list(found.again(10**9))


def test_what_was_retrained_is_learned_again() -> None:
    found = reacted()
    assert any(version.is_challenger for version in made(found))
    report = checked(found, again=found.again)
    assert report.holds, str(report)
    (again,) = (equation for equation in report.equations if equation.name == "versions learned again")
    assert again.terms
    policies = [json.loads(version.decision.as_json())["policy"] for version in made(found)]
    assert "retrain" in policies


def test_the_rules_are_part_of_what_versions_are_made_of() -> None:
    plain, other = made(world()), made(reacted())
    assert plain[0].digest != other[0].digest or len(plain) != len(other)
