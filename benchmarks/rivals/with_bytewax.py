"""bytewax: its Kafka source and sink, and the batches that come between them."""

from __future__ import annotations

from bytewax import operators as op  # type: ignore[import-not-found]
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource  # type: ignore[import-not-found]
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]
from bytewax.testing import run_main  # type: ignore[import-not-found]

from benchmarks.rivals.work import BATCH, Task, task_of


def _flow(task: Task) -> Dataflow:
    def answer(messages: list) -> list:  # type: ignore[type-arg]
        return [KafkaSinkMessage(key, value) for key, value in task.answer([m.value for m in messages])]

    flow = Dataflow("rival")
    source = KafkaSource([task.bootstrap], [task.source], tail=True, batch_size=BATCH)
    messages = op.input("in", flow, source)
    op.output("out", op.flat_map_batch("answer", messages, answer), KafkaSink([task.bootstrap], task.target))
    return flow


if __name__ == "__main__":
    run_main(_flow(task_of(__doc__)))
