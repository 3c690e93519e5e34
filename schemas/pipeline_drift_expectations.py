"""The list `drift.expectations` of a pipeline file: what must hold of the rows, named as in Great Expectations."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from schemas.durations import Duration
from schemas.section import Section

Dimension = Literal["completeness", "validity", "consistency", "accuracy", "timeliness"]
Bound = Annotated[float, Field(allow_inf_nan=False)]


class _Expectation(Section):
    """Holds if it does for at least the share `mostly` of the rows that it can be asked of."""

    mostly: Annotated[float, Field(gt=0, le=1)] = 1.0


class NotNull(_Expectation):
    """Completeness: the column is there."""

    type: Literal["expect_column_values_to_not_be_null"]
    column: str


class Between(_Expectation):
    """Validity: a number is in range, bounds included. Of `error`, in the labels: how accurate answers are."""

    type: Literal["expect_column_values_to_be_between"]
    column: str
    min_value: Bound | None = None
    max_value: Bound | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min_value is None and self.max_value is None:
            raise ValueError("give `min_value`, `max_value`, or both")
        if self.min_value is not None and self.max_value is not None and self.min_value > self.max_value:
            raise ValueError("`min_value` must not be above `max_value`")
        return self


class InSet(_Expectation):
    """Validity: a category is one of these. One outside whose hash is that of one of them is not noticed."""

    type: Literal["expect_column_values_to_be_in_set"]
    column: str
    value_set: tuple[str, ...] = Field(min_length=1, max_length=10_000)


class GreaterPair(_Expectation):
    """Consistency: of two numbers the first is the larger one; with `or_equal` they may be equal."""

    type: Literal["expect_column_pair_values_a_to_be_greater_than_b"]
    column_A: str
    column_B: str
    or_equal: bool = False


class EqualPair(_Expectation):
    """Accuracy: two sources of one number agree, up to `tolerance`."""

    type: Literal["expect_column_pair_values_to_be_equal"]
    column_A: str
    column_B: str
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Recent(_Expectation):
    """Timeliness: online features were read as of no longer than `max_age` before the request; unread ones were not."""

    type: Literal["expect_features_to_be_recent"]
    max_age: Duration


class Arriving(_Expectation):
    """Timeliness: labels are of a time no later than `max_delay` after their request's."""

    type: Literal["expect_labels_to_arrive_within"]
    max_delay: Duration


Expectation = Annotated[
    NotNull | Between | InSet | GreaterPair | EqualPair | Recent | Arriving, Field(discriminator="type")
]
DIMENSIONS: Final[dict[str, Dimension]] = {
    "expect_column_values_to_not_be_null": "completeness",
    "expect_column_values_to_be_between": "validity",
    "expect_column_values_to_be_in_set": "validity",
    "expect_column_pair_values_a_to_be_greater_than_b": "consistency",
    "expect_column_pair_values_to_be_equal": "accuracy",
    "expect_features_to_be_recent": "timeliness",
    "expect_labels_to_arrive_within": "timeliness",
}


def columns_named(expectation: Expectation) -> tuple[str, ...]:
    """Columns that an expectation is about; none if it is about times.

    Examples
    --------
    >>> columns_named(EqualPair(type="expect_column_pair_values_to_be_equal", column_A="a", column_B="b"))
    ('a', 'b')
    """
    if isinstance(expectation, NotNull | Between | InSet):
        return (expectation.column,)
    if isinstance(expectation, GreaterPair | EqualPair):
        return (expectation.column_A, expectation.column_B)
    return ()
