"""The section `drift.joint` of a pipeline file: tests of all columns of the vector together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.pipeline_drift_bands import Bands
from schemas.pipeline_optimiser import Positive
from schemas.section import Section

JointTest = Literal["mmd", "domain_classifier"]
LEAST_ALPHA = 1e-4
"""Of `drift.alpha` beside joint tests: a permutation test's p-value is no less than 1 over its permutations."""


class Mmd(Bands):
    """Bands of the maximum mean discrepancy: the root of its unbiased square, 0 to 1.4."""

    watch: Positive = 0.08
    act: Positive = 0.2


class DomainClassifier(Bands):
    """Bands of 2 · AUC − 1 of a classifier that tells the window from its reference: 0, it cannot; 1, always."""

    watch: Positive = 0.25
    act: Positive = 0.6


class Joint(Section):
    """Tests of all columns together, on a sample of `rows` of each side.

    The sample is drawn by a hash of the id of a request and `seed`. They see what no column shows alone, as a change of
    how columns depend on one another. While an event of `covariate` lasts they are silent, for it would only be told
    twice. Of wide vectors fewer rows are kept: a sample is at most 96 KiB. Columns whose test is `none` are left out
    here too, and those of which much more or less is missing.
    """

    tests: Annotated[tuple[JointTest, ...], Field(min_length=1)] = ("mmd", "domain_classifier")
    rows: Annotated[int, Field(ge=64, le=2048)] = 512
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 0
    mmd: Mmd = Mmd()
    domain_classifier: DomainClassifier = DomainClassifier()
