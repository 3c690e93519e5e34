"""The section `drift` of a pipeline file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.durations import Duration
from schemas.error_detectors import Alarm
from schemas.pipeline_drift_bands import Bands as Bands
from schemas.pipeline_drift_expectations import Expectation
from schemas.pipeline_drift_joint import LEAST_ALPHA, Joint
from schemas.pipeline_optimiser import Positive
from schemas.section import Section, later

Edges = Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
NumberTest = Literal["psi", "ks", "wasserstein", "jensen_shannon"]
CategoryTest = Literal["psi", "chi_squared", "jensen_shannon"]
ColumnTest = Literal["psi", "ks", "wasserstein", "jensen_shannon", "chi_squared", "none"]
Kind = Literal["covariate", "joint", "quality", "expectation", "prior", "concept"]


class Psi(Bands):
    """Bands of the population stability index."""

    watch: Positive = 0.1
    act: Positive = 0.25


class KolmogorovSmirnov(Bands):
    """Bands of the largest distance of two distribution functions, 0 to 1."""

    watch: Positive = 0.1
    act: Positive = 0.25


class Wasserstein(Bands):
    """Bands of how far rows have moved on average, in parts of their column's range."""

    watch: Positive = 0.05
    act: Positive = 0.15


class JensenShannon(Bands):
    """Bands of the Jensen–Shannon distance, 0 to 0.83."""

    watch: Positive = 0.1
    act: Positive = 0.25


class ChiSquared(Bands):
    """Bands of Cramér's V, 0 to 1: the square root of chi-squared over the rows of both sides."""

    watch: Positive = 0.1
    act: Positive = 0.3


class Quality(Bands):
    """Bands of a rise in the share of rows that are missing, or out of range."""

    watch: Positive = 0.05
    act: Positive = 0.2


class ColumnTests(Section):
    """By which statistic columns are compared; `columns` says so of one by its name, `none` leaves it out."""

    numbers: NumberTest = "psi"
    categories: CategoryTest = "psi"
    columns: dict[str, ColumnTest] = Field(default_factory=dict)


class Drift(Section):
    """Windows of event time that are tested against a reference of as many windows.

    A window of length `window` ends every `slide` (left out: they tumble), which must divide it. The reference is the
    `reference` windows before it, or the first ones there were, or the last that the champion (the newest version that
    answered in the window) was trained on, as `against` says. A column has drifted if its effect
    is above its band and its p-value, corrected over the columns, is at most `alpha`; a window if at least `share` of
    its columns have, and one. `false_alarms: N` raises the bands until at most one in N windows that do not drift
    begins an event. No test is made of fewer than `minimum` rows. `expectations` say what must hold of the rows of
    every window, whatever held before; `slices` for which values of a category of the request the error is watched on
    its own (an empty list: each code, modulo `bins`). With `rows` windows are by count: panes, of length `slide` or
    `window`, are joined until they hold so many rows, divided by how many slides are in a window; of as many of these a
    window is made. A window is open for `lateness` longer than the rows that have
    come say: so much may one of them be behind the newest before it in its partition and still count. `errors` name
    detectors that read the learner's errors one by one, in the learner: each of their alarms is an event too, as is
    that of a detector that a reaction heeds.
    The bins of a number are equally wide over its range, unless `edges` has inner ones for it: rising, inside of the
    range, and fewer than `bins`.
    """

    window: Duration = 86_400_000
    slide: Duration | None = None
    reference: Annotated[int, Field(ge=1)] = 7
    against: Literal["trailing", "fixed", "champion"] = "trailing"
    minimum: Annotated[int, Field(ge=1)] = 200
    bins: Annotated[int, Field(ge=2, le=256)] = 16
    tests: ColumnTests = ColumnTests()
    alpha: Annotated[float, Field(gt=0, le=1)] = 0.001
    share: Share = 0.0
    false_alarms: Annotated[int, Field(ge=2, le=1000)] | None = None
    psi: Psi = Psi()
    ks: KolmogorovSmirnov = KolmogorovSmirnov()
    wasserstein: Wasserstein = Wasserstein()
    jensen_shannon: JensenShannon = JensenShannon()
    chi_squared: ChiSquared = ChiSquared()
    quality: Quality = Quality()
    joint: Joint | None = later(None)
    expectations: tuple[Expectation, ...] = later(())
    slices: dict[str, tuple[str, ...]] = later({})
    lateness: Duration = later(0)
    rows: Annotated[int, Field(ge=1)] | None = later(None)
    edges: dict[str, Edges] = later({})
    errors: tuple[Alarm, ...] = later(())

    @model_validator(mode="after")
    def _slides(self) -> Self:
        if self.slide is not None and (self.slide > self.window or self.window % self.slide):
            raise ValueError("`slide` must divide `window`: 1d of 7d, say, not 2d")
        return self

    @model_validator(mode="after")
    def _can_be_permuted(self) -> Self:
        if self.joint is not None and self.alpha < LEAST_ALPHA:
            raise ValueError(f"`alpha` must be {LEAST_ALPHA:g} or more beside `joint`: it is met by permutations")
        return self

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if self.rows is not None and self.against == "champion":
            raise ValueError("`rows` goes with `against: trailing` or `fixed`: champions are known by time")
        if self.rows is not None and self.rows < self.minimum:
            raise ValueError(f"`rows` must be `minimum`, {self.minimum}, or more: nothing is said of a window of fewer")
        return self

    @property
    def pane(self) -> int:
        """How long the windows of a sketch are, in ms: windows are put together of these."""
        return self.slide or self.window

    @property
    def panes(self) -> int:
        """Of how many panes a window is made."""
        return self.window // self.pane

    @property
    def stretch(self) -> int | None:
        """How many rows panes are joined to hold, rounded up; None if windows are by time."""
        return None if self.rows is None else -(-self.rows // self.panes)
