"""What happens when partitions come and go."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin._metadata import GroupMetadata

from adapters.context import Context
from adapters.loop.changelog import ChangelogReader
from adapters.loop.client_settings import REQUEST_TIMEOUT_S, TRANSACTION_TIMEOUT_MS, Identity
from adapters.loop.columns import Place, missing_twins, partitions_of
from adapters.loop.failures import LoopBroken, raised_for, taken
from adapters.loop.membership import bearer_of
from adapters.loop.progress import Progress
from adapters.ports import Job
from schemas.errors import AnabranchError, ConfigurationError, Fenced

UNSTABLE_FOR_S = TRANSACTION_TIMEOUT_MS / 1000 * 3


class Assignment:
    """The consumer's rebalance callbacks: restore on assignment, drain on revocation.

    A failure in a callback is kept, and raised by `raise_failure` in the loop, which is then built anew.

    Parameters
    ----------
    drain : callable
        Commits what is in flight; False if that failed.
    """

    def __init__(
        self, context: Context, job: Job, identity: Identity, changelog: ChangelogReader, drain: Callable[[], bool]
    ) -> None:
        self.progress = Progress()
        self.generation = 0
        self._name = ""
        self._context = context
        self._job = job
        self._identity = identity
        self._changelog = changelog
        self._drain = drain
        self._held: set[int] = set()
        self._membership: GroupMetadata | None = None
        self._failure: Exception | None = None

    def membership(self) -> GroupMetadata:
        """Group metadata of this assignment: taken when it was made, so that it can never vouch for a later one."""
        assert self._membership is not None, "rows come only after an assignment"
        return self._membership

    def fail(self, failure: Exception) -> None:
        """Keep the first failure; that another has our place outweighs what came of it before it was known."""
        if self._failure is None or isinstance(failure, Fenced):
            self._failure = failure

    def settled(self, broken: LoopBroken) -> Exception:
        """Ask the group who bears our name now: `Fenced` if that is another, else what broke the loop. Blocks.

        It is asked once: after that our own client may have been let in again, under another id.
        """
        name, self._name = self._name, ""
        bearer = bearer_of(self._identity) if name else ""
        return taken(self._identity.instance_id, f"{bearer} bears its name") if bearer not in ("", name) else broken

    def raise_failure(self) -> None:
        """Raise what went wrong in a callback."""
        if self._failure is not None:
            raise self._failure

    def on_assign(self, consumer: Consumer, assigned: list[TopicPartition]) -> None:
        """Restore each partition, then start reading at the committed offsets."""
        if self._failure is not None or self._context.stop.is_set():
            return consumer.assign([])
        try:
            positions = self._take_over(consumer, assigned)
        except KafkaException as failed:
            self.fail(raised_for(failed.args[0], self._identity.instance_id))
        except (AnabranchError, LoopBroken) as failed:
            self.fail(failed)
        else:
            self.generation += 1
            self.progress.assign(positions, time.monotonic())
            return consumer.assign([TopicPartition(t, p, offset) for (t, p), offset in positions.items()])
        return consumer.assign([])

    def on_revoke(self, consumer: Consumer, revoked: list[TopicPartition]) -> None:
        """Commit what is in flight, then let go."""
        try:
            if self._failure is None and not self._drain():
                raise LoopBroken("what was in flight could not be committed before partitions were revoked")
        except (AnabranchError, LoopBroken) as failed:
            self.fail(failed)
        self.forget()

    def on_lost(self, consumer: Consumer, lost: list[TopicPartition]) -> None:
        """Let go at once: another member may have the partitions already.

        When this returns, a client that is still subscribed asks the group to let it in under its old name. That would
        throw out a successor who bears it by now; and a client that is let in while it is being closed may never close.
        """
        self.fail(self.settled(LoopBroken("the group went on without this member; its partitions are lost")))
        with suppress(KafkaException):  # a client that knows that it is fenced refuses
            consumer.unsubscribe()
        self.forget()

    def forget(self) -> None:
        """Make the job forget what it holds."""
        while self._held:
            self._job.revoke(self._held.pop())
        self.generation += 1
        self.progress.clear()
        self._context.metrics.gauge("assigned_partitions", 0, loop=self._identity.loop)

    def _take_over(self, consumer: Consumer, assigned: list[TopicPartition]) -> dict[Place, int]:
        places = [(tp.topic, tp.partition) for tp in assigned]
        lacking = missing_twins(places, self._job.inputs)
        if lacking:
            raise ConfigurationError(
                f"{self._identity.instance_id} got partitions {places} without {lacking}.",
                "Inputs of a job need equal partition counts; run `anabranch topics apply`.",
            )
        self._membership = consumer.consumer_group_metadata()
        self._name = consumer.memberid() or ""
        positions = self._committed(consumer, assigned)  # first: it waits for pending commits, see ChangelogReader
        for partition in partitions_of(places):
            self._restore(partition)
        owned = len(partitions_of(places))
        self._context.metrics.gauge("assigned_partitions", owned, loop=self._identity.loop)
        self._context.log.info("assigned", positions={f"{t}/{p}": o for (t, p), o in positions.items()})
        return positions

    def _restore(self, partition: int) -> None:
        begun_s = time.monotonic()
        topic = self._job.changelog
        state = self._changelog.read(topic, partition) if topic else {}
        self._held.add(partition)
        self._job.assign(partition, state.items())
        took_s = time.monotonic() - begun_s
        self._context.metrics.observe("restore_seconds", took_s)
        if topic:
            self._context.log.info("restored", partition=partition, keys=len(state), seconds=round(took_s, 3))

    def _committed(self, consumer: Consumer, assigned: list[TopicPartition]) -> dict[Place, int]:
        found = self._stable(consumer, assigned)
        return {(tp.topic, tp.partition): tp.offset if tp.offset >= 0 else _first(consumer, tp) for tp in found}

    def _stable(self, consumer: Consumer, assigned: list[TopicPartition]) -> list[TopicPartition]:
        """Committed offsets, once no transaction has any pending."""
        deadline_s = time.monotonic() + UNSTABLE_FOR_S
        while True:
            self._context.health.beat()
            try:
                found = consumer.committed(assigned, REQUEST_TIMEOUT_S)
                error = next((tp.error for tp in found if tp.error), None)
            except KafkaException as failed:
                error = failed.args[0]
            if error is None:
                return found
            if error.code() != KafkaError.UNSTABLE_OFFSET_COMMIT or time.monotonic() > deadline_s:
                raise KafkaException(error)
            self._context.stop.wait(0.05)


def _first(consumer: Consumer, place: TopicPartition) -> int:
    low, _ = consumer.get_watermark_offsets(TopicPartition(place.topic, place.partition), REQUEST_TIMEOUT_S)
    return low
