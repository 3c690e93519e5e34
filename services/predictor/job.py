"""The predictor as a step between topics: requests in; predictions, sketches and dead letters out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.ports import Batch, Metrics, Outgoing, Outputs, Records, Summary
from models.drift.sketch import predictions_plan
from models.drift.sketch_columns import SourceRows, rows_together, sketch_columns
from schemas.contracts import Contracts
from schemas.dead_letters import dead_letters
from schemas.decoded import Part
from schemas.status import Status
from schemas.topics import topic_name
from services.predictor.answers import Asked, Given, Timing, encode_refusals, encode_served, prediction_columns
from services.predictor.core import checked_outputs, prior_output, vectors, verdicts
from services.predictor.intake import Intake, take_in
from services.predictor.request_clocks import RequestClocks
from services.predictor.serving_model import Models, Serving
from services.predictor.window_reader import WindowReader

PROCESS = "predictor"
MS_PER_S = 1000.0


@dataclass(frozen=True, slots=True)
class _Served:
    """The rows of a batch that went through the model, and how long that took."""

    part: Part
    given: Given
    features_ms: float
    model_ms: float


class PredictorJob:
    """`Job` of the predictor. It keeps no state that the topics or the stores do not hold.

    Parameters
    ----------
    contracts : Contracts
    windows : WindowReader
    models : Models
        Asked once a batch, so that one version answers all of it.
    metrics : Metrics
    clock : callable
        Steady, ms.
    """

    def __init__(
        self,
        contracts: Contracts,
        windows: WindowReader,
        models: Models,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        pipeline = contracts.pipeline
        self.inputs: tuple[str, ...] = (topic_name(pipeline.pipeline, "requests"),)
        self.changelog: str | None = None
        self._contracts, self._pipeline, self._layout = contracts, pipeline, contracts.layout
        self._windows, self._models, self._metrics, self._clock = windows, models, metrics, clock
        self._prior_K = prior_output(pipeline)
        self._plan = predictions_plan(pipeline)
        self._clocks = RequestClocks(pipeline.windows.max_jump)

    def assign(self, partition: int, changelog: Iterable[tuple[bytes, bytes]]) -> None:
        """Nothing is to be restored: the clock of the partition starts at the first request that comes."""
        self._clocks.forget(partition)

    def revoke(self, partition: int) -> None:
        """Forget the clock of the partition."""
        self._clocks.forget(partition)

    def process(self, batch: Batch) -> Outputs:
        """Answer a batch. Blocks for one round trip to the feature store, at most for ``windows.wait``."""
        return self._answer(batch.records[0], batch.now_ms) if batch.records else Outputs()

    def _answer(self, records: Records, now_ms: float) -> Outputs:
        to_wall_ms = now_ms - self._clock()
        serving = self._models.serving
        decoded = self._contracts.decode(records.values, ("Request",))
        intake = take_in(decoded, records.headers, now_ms, self._pipeline.request.entity)
        served = None if intake.served is None else self._serve(intake.served, serving)
        answered_at = self._clock() + to_wall_ms
        timing = Timing(answered_at, served.features_ms, served.model_ms) if served else Timing(answered_at)
        outgoing = [
            *self._predictions(records, intake, served, serving, now_ms, timing),
            *([dead_letters(self._contracts, records, intake.dead, PROCESS, now_ms)] if intake.dead else []),
        ]
        self._metrics.observe("answer_seconds", (answered_at - records.timestamp_B) / MS_PER_S)
        summaries = self._summaries(records, served, serving) if served else ()
        return Outputs(tuple(outgoing), _counts(intake, served), summaries=summaries)

    def _serve(self, part: Part, serving: Serving | None) -> _Served:
        started = self._clock()
        windows = self._windows.read(part.columns)
        x_SF = vectors(self._layout, part.columns, windows.read.x_BW)
        read = self._clock()
        output_SK, good_S = checked_outputs(self._layout, self._predict(x_SF, serving))
        given = verdicts(windows, serving is not None, self._models.away, self._models.lost, good_S)
        done = self._clock()
        self._metrics.observe("features_seconds", (read - started) / MS_PER_S)
        self._metrics.observe("model_seconds", (done - read) / MS_PER_S)
        self._metrics.gauge("degraded_ratio", float(windows.away or self._models.away or self._models.lost))
        self._metrics.gauge("stale_ratio", float(windows.read.stale_B.mean()))
        answer = Given(output_SK, x_SF, given.status_B, given.reason_B, windows.read.features_time_B)
        return _Served(part, answer, read - started, done - read)

    def _predict(self, x_SF: NDArray[np.float32], serving: Serving | None) -> NDArray[np.float32]:
        if serving is None:
            return np.tile(self._prior_K, (len(x_SF), 1))
        output_SK = serving.model.predict_many(x_SF)
        assert output_SK.shape == (len(x_SF), self._layout.outputs), "a model is tried out before it serves"
        return output_SK

    def _predictions(
        self,
        records: Records,
        intake: Intake,
        served: _Served | None,
        serving: Serving | None,
        now_ms: float,
        timing: Timing,
    ) -> list[Outgoing]:
        codec = self._contracts.codec("Prediction")
        queue_ms_B = np.maximum(0.0, now_ms - records.timestamp_B)
        keys, values = list[bytes](), list[bytes]()
        if served:
            asked = self._asked(served.part, queue_ms_B)
            keys, values = encode_served(codec, prediction_columns(asked, served.given, serving, timing))
        if intake.refused:
            queue_ms_R = queue_ms_B[[r.row for r in intake.refused]]
            more = encode_refusals(codec, intake.refused, queue_ms_R, serving, timing)
            keys, values = keys + more[0], values + more[1]
        return [Outgoing(topic_name(self._pipeline.pipeline, "predictions"), keys, values)] if keys else []

    def _asked(self, part: Part, queue_ms_B: NDArray[np.float64]) -> Asked:
        c = part.columns
        return Asked(c["request_id"], c[self._pipeline.request.entity], c["request_time"], queue_ms_B[part.row_N])

    def _summaries(self, records: Records, served: _Served, serving: Serving | None) -> tuple[Summary, ...]:
        """What is to be sketched. A request with a time far ahead is answered, but would close all drift windows."""
        rows, time_S = served.part.row_N, served.part.columns["request_time"]
        near_S = self._clocks.believe(records.partition_B[rows], time_S)
        if not near_S.any():
            return ()
        rows, partitions = rows[near_S], self._pipeline.topics.partitions
        source = SourceRows(
            records.partition_B[rows],
            records.offset_B[rows],
            time_S[near_S],
            partitions,
            served.part.columns["request_id"][near_S],
            np.full(len(rows), serving.number if serving else 0, np.int64),
            age_B=(time_S - served.given.features_time_B)[near_S],
            trained_through=serving.trained_through if serving else 0.0,
        )
        return (Summary((served.given.x_BF[near_S], source), self._sketches),)

    def _sketches(self, parts: Sequence[tuple[NDArray[np.float32], SourceRows]]) -> tuple[Outgoing, ...]:
        """Sketch what was served in several batches."""
        x_BF, source = np.concatenate([x_BF for x_BF, _ in parts]), rows_together([rows for _, rows in parts])
        columns = sketch_columns(self._plan, x_BF, source)
        values = self._contracts.codec("Sketch").encode(columns)
        return (Outgoing(topic_name(self._pipeline.pipeline, "sketches"), columns["source"].tolist(), values),)


def _counts(intake: Intake, served: _Served | None) -> dict[str, float]:
    statuses = Counter(r.status for r in intake.refused)
    if served:
        statuses.update(
            dict(zip(Status, np.bincount(served.given.status_B, minlength=len(Status)).tolist(), strict=True))
        )
    dead = Counter(f.reason for f in intake.dead)
    return {
        **{f"predictions_total:{status.symbol}": float(rows) for status, rows in statuses.items() if rows},
        **{f"dead_letters_total:{reason}": float(rows) for reason, rows in dead.items()},
    }
