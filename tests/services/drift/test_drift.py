"""What is told of a drift: read from its topic, listed, drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from rich.console import Console, RenderableType

from adapters.log_search_memory import MemoryLogSearch
from adapters.memory_broker import MemoryBroker
from models.drift.error_event import alarmed
from models.drift.event import Drift, drift_columns, drifts_of
from models.error_alarms import Rise
from schemas.compatibility import ids_and_schemas
from schemas.contracts import Contracts, contracts_of
from schemas.errors import DataError
from schemas.pipeline_drift import Kind
from services.drift.plot import save_plot
from services.drift.reading import drift_called, read_drifts
from services.drift.screen import WIDE, drift_lines, drift_table, overlay, render
from services.drift.sides import Sides, coarser, quantiles, sides_of
from tests.models.drift.streams import drifts_of as found_in
from tests.models.drift.streams import normal_rows, stream_pipeline
from tests.models.drift.test_joint import stream as joint_stream
from tests.models.drift.test_slices import drifts_in
from tests.models.drift.test_slices import stream as slice_stream
from tests.stream_jobs.drift_watch.traffic import DRIFT, small_contracts


def moved_stream() -> list[Drift]:
    random = np.random.default_rng(0)
    return found_in(stream_pipeline(), [normal_rows(random, a=2.0 if w >= 6 else 0.0) for w in range(14)])


def sent(contracts: Contracts, drifts: list[Drift]) -> MemoryBroker:
    broker = MemoryBroker({DRIFT: 1})
    for drift in drifts:
        broker.send(DRIFT, contracts.codec("Drift").encode(drift_columns((drift,))), [drift.id.encode()])
    return broker


def drawn(what: RenderableType, width: int = 160) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def test_the_last_report_of_each_drift_is_read() -> None:
    contracts, drifts = small_contracts(), moved_stream()
    assert [d.state for d in drifts] == ["opened", "closed"]
    assert read_drifts(contracts, MemoryLogSearch(sent(contracts, drifts))) == {drifts[0].id: drifts[1]}


def test_what_is_written_is_read_to_the_last_digit() -> None:
    contracts, drifts = small_contracts(), moved_stream()
    part, faults = contracts.codec("Drift").decode(contracts.codec("Drift").encode(drift_columns(tuple(drifts))))
    assert faults == ()
    assert drifts_of(part.columns) == tuple(drifts)


def test_a_report_from_before_drifts_had_a_course_is_read() -> None:
    lock = json.loads((Path(__file__).parents[3] / "pipelines/flights.schemas.json").read_text(encoding="utf-8"))
    former = lock["records"]["Drift"][0]["schema"]
    contracts = contracts_of(small_contracts().pipeline, former=ids_and_schemas({"Drift": [former]}))
    drift = moved_stream()[0]
    columns = {name: c for name, c in drift_columns((drift,)).items() if name in {f["name"] for f in former["fields"]}}
    old = Contracts(contracts.pipeline, [type(contracts.codec("Drift"))(former, lock["records"]["Drift"][0]["id"])])
    broker = MemoryBroker({DRIFT: 1})
    broker.send(DRIFT, old.codec("Drift").encode(columns), [b"k"])
    (read,) = read_drifts(contracts, MemoryLogSearch(broker)).values()
    assert (read.id, read.since, read.until, read.source) == (drift.id, drift.since, drift.window_end, "predictions")
    assert read.id in drawn(render(read))
    with pytest.raises(DataError, match="no histograms"):
        save_plot(read, Path("never.png"))


def test_an_unknown_drift_is_answered_with_the_nearest() -> None:
    drifts = {d.id: d for d in moved_stream()}
    with pytest.raises(DataError, match=r"predictions:6.*Did you mean predictions:600"):
        drift_called("predictions:6", drifts)
    with pytest.raises(DataError, match="holds none yet"):
        drift_called("predictions:6", {})


def test_a_list_says_of_each_what_and_when() -> None:
    closed = moved_stream()[-1]
    text = drawn(drift_table([closed]))
    for word in (closed.id, "covariate", "abrupt", "act", "1970-01-01", "a"):
        assert word in text


def test_a_list_is_whole_in_lines_of_any_length() -> None:
    closed = moved_stream()[-1]
    many = replace(closed, columns=tuple(f"column_with_a_long_name_{n}" for n in range(16)))
    words = (closed.id, "covariate", "abrupt", "act", "1970-01-01", "and 13 more")
    for text in (drawn(drift_table([many]), WIDE), drawn(drift_lines([many]), 80)):
        for word in " ".join(words).split():
            assert word in text
        assert "…" not in text.replace(" …", "")


def test_a_bin_is_one_line_of_a_common_terminal() -> None:
    for sides in sides_of(drifts_in(slice_stream(0, "east"))[0]):
        lines = drawn(overlay(sides), 80).splitlines()
        bins = len(coarser(sides, 16).window_K)
        assert sum("%" in line for line in lines) == bins + 2  # and what is elsewhere, and the heads of quantiles
        assert len(lines) == bins + 6


def test_a_drift_is_drawn_with_both_sides_and_what_to_do() -> None:
    closed = moved_stream()[-1]
    text = drawn(render(closed))
    for word in (closed.action, "p = ", "█", "▓", "░", "quantile", "reference", "missing"):
        assert word in text


def test_mean_and_spread_of_both_sides_are_drawn_where_they_are_known() -> None:
    drift = moved_stream()[-1]
    assert drift.histograms[0] == "a"
    random = np.random.default_rng(0)
    windows = [normal_rows(random, a=2.0 if w >= 6 else 0.0)[:, 1] for w in range(14)]
    rows_N = windows[int(drift.window_start // 100)].astype(np.float64)
    sides = next(sides_of(drift))
    np.testing.assert_allclose(sides.window_moments, (rows_N.mean(), rows_N.std()), atol=1e-4)
    text = drawn(overlay(sides))
    for word in ("mean", "spread", *(f"{value:.4g}" for value in (*sides.window_moments, *sides.reference_moments))):
        assert word in text
    silent = replace(drift, window_means=(), window_spreads=(), reference_means=(), reference_spreads=())
    assert "spread" not in drawn(render(silent))
    gone = replace(sides, window_K=0 * sides.window_K, window_moments=(np.nan, np.nan))
    assert "–" in drawn(overlay(gone))


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_has_a_runbook_that_is_named_beside_it(kind: Kind) -> None:
    page = f"docs/runbooks/drift-{kind}.md"
    assert page in drawn(render(replace(moved_stream()[-1], kind=kind)))
    assert (Path(__file__).parents[3] / page).is_file()


def test_a_category_is_drawn_by_its_codes() -> None:
    random = np.random.default_rng(1)
    windows = [normal_rows(random) for _ in range(10)]
    for x_BF in windows[6:]:
        x_BF[:300, 0] = 7
    text = drawn(render(found_in(stream_pipeline(), windows)[0]))
    assert "codes ≡ 7" in text
    assert "quantile" not in text


def test_a_slice_is_named_as_it_is_and_rows_outside_of_it_are_elsewhere() -> None:
    drift = drifts_in(slice_stream(0, "east"))[0]
    assert "error[who=east] (psi" in drawn(render(drift))
    assert "elsewhere" in drawn(render(drift))
    assert "error[who=east]" in drawn(drift_table([drift]))


def test_an_expectation_without_a_reference_is_drawn_and_plotted(tmp_path: Path) -> None:
    rule = {"type": "expect_column_values_to_not_be_null", "column": "a", "mostly": 0.9}
    rows = normal_rows(np.random.default_rng(0))
    rows[:200, 1] = np.nan
    (drift,) = found_in(stream_pipeline(expectations=[rule]), [rows])
    assert "expect_column_values_to_not_be_null 0.5" in drawn(render(drift))
    save_plot(drift, tmp_path / "rule.png")
    assert (tmp_path / "rule.png").stat().st_size > 1000


def test_a_joint_drift_names_the_columns_that_moved_most() -> None:
    drift = found_in(stream_pipeline(joint={"rows": 128}), joint_stream(0))[0]
    assert "moved most  a, b" in drawn(render(drift)) or "moved most  b, a" in drawn(render(drift))


def uneven_drift() -> Drift:
    """A drift of two columns, of which the second has bins of equal width."""
    random = np.random.default_rng(0)
    windows = [normal_rows(random, a=2.0 if w >= 6 else 0.0) for w in range(9)]
    for x_BF in windows[6:]:
        x_BF[:, 2] -= 2
    return found_in(stream_pipeline(edges={"a": [-1.0, 0.25, 2.5]}), windows)[0]


def test_bins_of_given_edges_are_drawn_where_they_are(tmp_path: Path) -> None:
    drift = uneven_drift()
    uneven, even = (next(s for s in sides_of(drift) if s.column == name) for name in "ab")
    assert uneven.edges_E.tolist() == [-8, -1, 0.25, 2.5, 8]
    assert (uneven.is_even, even.is_even) == (False, True)
    np.testing.assert_allclose(even.edges_E, np.arange(-8, 9))
    np.testing.assert_allclose([uneven.window_K.sum(), even.window_K.sum()], 1)
    ((window, reference),) = [quantiles(uneven, np.array([0.5]))]
    assert abs(window[0] - 2) < 1 < 1.5 < window[0] - reference[0]
    assert "0.25 … 2.5" in drawn(render(drift))
    save_plot(drift, tmp_path / "drift.png")
    assert (tmp_path / "drift.png").read_bytes().startswith(b"\x89PNG")


def test_edges_are_written_and_read() -> None:
    drift, codec = uneven_drift(), small_contracts().codec("Drift")
    part, faults = codec.decode(codec.encode(drift_columns((drift,))))
    assert faults == ()
    assert drifts_of(part.columns) == (drift,)
    assert len(drift.edges) == 17 * len(drift.histograms)


def test_an_alarm_on_errors_is_listed_and_drawn_without_histograms(tmp_path: Path) -> None:
    rise = Rise("adwin", 4711, level=0.41, rows=64, start=0.0, end=6e7, before=0.2, before_rows=900, begin=0.0)
    _, (drift,) = alarmed(None, rise, version=3)
    text = drawn(drift_table([drift]))
    for word in ("errors:adwin:4711", "concept", "act", "adwin 0.41", "error"):
        assert word in text
    text = drawn(render(drift))
    for word in ("by adwin at offset 4,711", "version 3 stood", "mean error 0.41 above 0.2", "64 rows", "900 rows"):
        assert word in text
    for word in ("nan", "█", "p = "):
        assert word not in text
    assert "no version stood yet" in drawn(render(replace(drift, version=0)))
    with pytest.raises(DataError, match=r"no histograms.*leave out --png"):
        save_plot(drift, tmp_path / "never.png")


def test_a_plot_is_written(tmp_path: Path) -> None:
    save_plot(moved_stream()[-1], tmp_path / "drift.png")
    assert (tmp_path / "drift.png").read_bytes().startswith(b"\x89PNG")


def test_a_side_without_rows_is_drawn_too() -> None:
    empty = Sides("a", False, np.arange(3.0), np.zeros(2), np.array([0.5, 0.5]), 1.0, 0.0)
    assert np.isnan(quantiles(empty, np.array([0.5]))[0]).all()
    assert "100.0%" in drawn(overlay(empty))
