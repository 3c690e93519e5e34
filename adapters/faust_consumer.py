"""Faust's consumer as it must be here: what it may read, when it may take it, what it commits, and when it gives up.

Seen with faust-streaming 0.15.3, aiokafka 0.14.0 and Kafka 4.1: group membership, fetching, producing, offsets and the
creation of changelog topics work as they are. What does not:

- **read_committed.** Sketches are written in transactions, and Faust reads uncommitted records unless its own exactly
  once is on, which publishes outside of its transactions (faust-streaming issue 177). There is no setting for it, so
  the isolation level is set on the consumer that Faust makes, before it starts.
- **Records that are taken while tables are restored are lost.** Faust asks for those of some partitions, and empties
  the very set that it asked with while it waits for them: aiokafka reads an empty one as *all*, hands out the topic's
  records too, and moves on behind them. Faust throws them away. What it takes a little later it has queued, and empties
  that queue when it resumes. It seeks back only to an offset that was committed, and to none of what waits to be handed
  on. Seen: of 60 starts with a table to restore, 7 left out records, from one to all. So what may be taken is asked
  when it is taken, and while partitions change hands it is the changelog alone.
- **A message in hand counts as done when its agent is cancelled or fails,** and its offset is committed at the end.
  So no more offsets are committed once a consumer is frozen.
- **Offsets are committed by runs without a gap,** one a second, and none where a gap comes first. Of a topic that is
  written in transactions nearly every record stands behind a gap, their markers: seen, a watch that had answered 6,700
  sketches and began at the same one after each restart. Our agent takes one message after the other, so whatever is
  below the newest that is done is done too.
- **A member that the group does not know any more joins anew,** though it has a name that a successor may bear by now:
  aiokafka sends that name (KIP-345) only when it joins, so two processes of one name would throw each other out without
  end. So the driver notes that its place is lost and does not ask to be let in again.
- **A member whom the group refuses waits for ever:** aiokafka keeps the error for whoever asks for records, and Faust
  does not ask before it has partitions. Seen when two processes of one name join at once. So it is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from faust.transport.drivers import aiokafka as driver


class Takeable:
    """The partitions whose records may be taken now: asked anew for each, by the thread that takes them.

    Parameters
    ----------
    active : Collection
        Partitions that Faust wants to read. It changes them while the consumer waits.
    changelogs : Collection of str
        Topics of tables.
    is_changing_hands : callable
        Whether partitions are being given out or tables restored, which is over when the queues are emptied.

    Examples
    --------
    >>> from faust.types import TP
    >>> source, table = TP("source", 0), TP("table", 0)
    >>> may = Takeable({source, table}, {"table"}, lambda: True)
    >>> source in may, table in may, bool(Takeable(set(), {"table"}, lambda: False))
    (False, True, True)
    """

    def __init__(self, active: Collection[Any], changelogs: Collection[str], is_changing_hands: Callable[[], bool]):
        self._active, self._changelogs, self._is_changing_hands = active, changelogs, is_changing_hands

    def __bool__(self) -> bool:
        """Never empty: aiokafka would give out all."""
        return True

    def __contains__(self, place: Any) -> bool:
        return place in self._active and (place.topic in self._changelogs or not self._is_changing_hands())


class _CommittedThread(driver.AIOKafkaConsumerThread):
    async def on_start(self) -> None:
        await super().on_start()
        inner: Any = self._consumer
        outer: Any = self.consumer
        # Nothing of what it replaces is done: that would be to forget who we were, and to join as somebody new.
        inner._coordinator.reset_generation = outer.lose_place
        inner._coordinator._push_error_to_user = outer.noting_refusal(inner._coordinator._push_error_to_user)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(self, *args: Any, **options: Any) -> Any:
        records = await super()._fetch_records(*args, **options)
        # In the same turn of this thread in which positions moved: who reads these later sees what belongs to them.
        outer: Any = self.consumer
        outer.taken.update({place: batch[-1].offset for place, batch in records.items() if batch})
        return records


class CommittedConsumer(driver.Consumer):
    """Reads what is committed, takes what may be taken, and commits what is done."""

    frozen = False
    displaced = False
    refusal = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.taken: dict[Any, int] = {}
        """Offset of the newest record that was taken from each partition since it was assigned."""
        super().__init__(*args, **options)

    def lose_place(self) -> None:
        """Note that the group has gone on without this process."""
        self.frozen = self.displaced = True

    def noting_refusal(self, push: Callable[[Exception], Any]) -> Callable[[Exception], Any]:
        """Keep why the group does not let this process in."""

        def noted(error: Exception) -> Any:
            self.refusal = repr(error)
            return push(error)

        return noted

    async def on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        """Begin anew: nothing is taken before this is done and tables are restored."""
        self.taken.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:
        app: Any = self.app
        may = Takeable(active_partitions, app.tables.changelog_topics, lambda: app.rebalancing)
        return await super()._getmany(may, timeout)  # type: ignore[arg-type]

    def _new_offset(self, tp: Any) -> int | None:
        done = self._acked[tp]
        newest = max(done, default=None)
        done.clear()
        self._acked_index[tp].clear()
        return None if newest is None else newest + 1

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Gaps need not be known."""

    async def _commit_tps(self, tps: Iterable[Any], start_new_transaction: bool) -> bool:
        return False if self.frozen else await super()._commit_tps(tps, start_new_transaction)

    def _new_consumer_thread(self) -> Any:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class CommittedTransport(driver.Transport):
    """Faust's driver of aiokafka, with that consumer."""

    Consumer = CommittedConsumer
