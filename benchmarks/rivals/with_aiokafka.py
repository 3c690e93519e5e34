"""aiokafka: a consumer's batch, answered, sent, and its offsets committed."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.rivals.work import BATCH, Task, task_of


async def _run(task: Task) -> None:
    consumer = AIOKafkaConsumer(
        task.source,
        bootstrap_servers=task.bootstrap,
        group_id=f"{task.target}.group",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8 << 20,
    )
    producer = AIOKafkaProducer(bootstrap_servers=task.bootstrap, linger_ms=1, max_batch_size=1 << 20)
    await consumer.start()
    await producer.start()
    while True:
        taken = await consumer.getmany(timeout_ms=100, max_records=BATCH)
        for messages in taken.values():
            for key, value in task.answer([m.value for m in messages]):
                await producer.send(task.target, value, key, 0)
        if taken:
            await producer.flush()
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(_run(task_of(__doc__)))
