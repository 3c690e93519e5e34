"""What must hold after a trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.local_stack import StackAddresses
from adapters.model_store_redis import RedisModelStore
from adapters.redis_client import connect
from schemas.status import Status
from schemas.topics import topic_name
from services.verify.main import verify
from tests.system.laws import (
    check_answered_once,
    check_labels_accounted,
    check_learner,
    check_verified,
    check_versions,
)
from tests.system.running import Run


@dataclass(frozen=True, slots=True)
class Judgement:
    """Counts and verdicts. `broken` names the laws that did not hold, with what was found."""

    requests: int
    requests_lost: int
    requests_doubled: int
    labels: int
    labels_lost: int
    labels_doubled: int
    digests_equal: bool
    vectors_equal: int
    vectors_other: int
    verify: str
    broken: Mapping[str, str]

    @property
    def held(self) -> bool:
        """Whether everything is as it must be."""
        return not self.broken and not self.vectors_other


def judged(run: Run, calm: Run, addresses: StackAddresses) -> Judgement:
    """Count, and look at every law though one may not hold."""
    ids, joined = run.outcome.predictions["request_id"], run.outcome.examples["request_id"]
    letters = run.outcome.dead_letters.get("topic", np.array([], np.bytes_))
    buried = int((letters == topic_name(run.contracts.pipeline.pipeline, "labels").encode()).sum())
    broken = {law: found for law, check in _laws(run, addresses).items() if (found := _broken(check))}
    ours, theirs = kept_vectors(run), kept_vectors(calm)
    both = ours.keys() & theirs.keys()
    other = sum(ours[i] != theirs[i] for i in both)
    with closing(connect(addresses.redis_url)) as client:
        store = RedisModelStore(client, run.contracts.pipeline.pipeline)
        report = verify(run.contracts, addresses.bootstrap, store, None)
    return Judgement(
        requests=run.tally.requests,
        requests_lost=run.tally.requests - _distinct(ids),
        requests_doubled=len(ids) - _distinct(ids),
        labels=run.tally.labels,
        labels_lost=run.tally.labels - _distinct(joined) - buried,
        labels_doubled=len(joined) - _distinct(joined),
        digests_equal="learner" not in broken,
        vectors_equal=len(both) - other,
        vectors_other=other,
        verify=str(report),
        broken=broken,
    )


def check_trial(run: Run, addresses: StackAddresses) -> None:
    """Raise what the first law says that does not hold: none lost, none doubled, and the digests of a calm learner."""
    for check in _laws(run, addresses).values():
        check()


def kept_vectors(run: Run) -> dict[bytes, bytes]:
    """Vectors of the answers that promise to stand on the windows of the request's time."""
    predictions = run.outcome.predictions
    rows = np.flatnonzero(predictions["status"] == Status.OK)
    return {bytes(predictions["request_id"][row]): predictions["features"][row].tobytes() for row in rows}


def _laws(run: Run, addresses: StackAddresses) -> dict[str, Callable[[], None]]:
    return {
        "answered once": lambda: check_answered_once(run),
        "labels": lambda: check_labels_accounted(run),
        "versions": lambda: check_versions(run, addresses),
        "learner": lambda: check_learner(run),
        "verify": lambda: check_verified(run, addresses),
    }


def _broken(check: Callable[[], None]) -> str:
    try:
        check()
    except AssertionError as failed:
        return str(failed)[:2000] or "failed"
    return ""


def _distinct(ids: NDArray[np.bytes_]) -> int:
    return len(np.unique(ids))
