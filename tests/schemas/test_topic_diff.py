"""The difference between topics as planned and as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.topic_diff import ActualTopic, diff_topics
from schemas.topics import TopicPlan

_CONFIG = st.fixed_dictionaries({"retention.ms": st.sampled_from(["1", "2"]), "cleanup.policy": st.sampled_from("ab")})
_PLANS = st.lists(
    st.builds(TopicPlan, st.sampled_from("abcd"), st.integers(1, 3), st.just(1), _CONFIG),
    unique_by=lambda p: p.name,
)
_ACTUAL = st.dictionaries(st.sampled_from("abcde"), st.builds(ActualTopic, st.integers(1, 3), _CONFIG))


@given(_PLANS, _ACTUAL)
def test_applying_the_difference_leaves_none_but_conflicts(
    plans: list[TopicPlan], actual: dict[str, ActualTopic]
) -> None:
    after = dict(actual)
    by_name = {plan.name: plan for plan in plans}
    for change in diff_topics(plans, actual):
        plan = by_name[change.topic]
        if change.kind == "create":
            after[change.topic] = ActualTopic(plan.partitions, plan.config)
        elif change.kind == "configure":
            config = {**after[change.topic].config, change.key: change.must_be}
            after[change.topic] = ActualTopic(after[change.topic].partitions, config)
    left = diff_topics(plans, after)
    assert {c.kind for c in left} <= {"conflict"}
    assert {c.topic for c in left} == {
        n for n in by_name if n in actual and actual[n].partitions != by_name[n].partitions
    }
