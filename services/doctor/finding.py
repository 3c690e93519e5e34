"""What a check found, and with which code the command leaves after all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from schemas.errors import EXIT_OK, AnabranchError, ConfigurationError, DataError, DependencyError

Verdict = Literal["ok", "warn", "fail"]
Kind = type[ConfigurationError] | type[DependencyError] | type[DataError]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its verdict, on what, and what to do about it.

    Parameters
    ----------
    check : str
        Its name; `services.doctor.names.CHECKS` has them all.
    exit_code : int
        With which a failure makes the command leave; 0 unless the verdict is ``fail``.
    """

    check: str
    verdict: Verdict
    detail: str
    cure: str = ""
    exit_code: int = EXIT_OK


def ok(check: str, detail: str) -> Finding:
    """All is as it must be."""
    return Finding(check, "ok", detail)


def warn(check: str, detail: str, cure: str) -> Finding:
    """It works, but not for ever, or not as it was meant."""
    return Finding(check, "warn", detail, cure)


def fail(check: str, detail: str, cure: str, kind: Kind) -> Finding:
    """It cannot work like this."""
    return Finding(check, "fail", detail, cure, kind.exit_code)


def failed_by(check: str, error: AnabranchError) -> Finding:
    """Turn what a probe ran into to a finding: the error has the cure already."""
    return Finding(check, "fail", error.what, error.cure, error.exit_code)


def exit_code_of(findings: Iterable[Finding]) -> int:
    """Code of the first failure: what fails after it often fails because of it.

    Examples
    --------
    >>> exit_code_of([ok("a", ""), fail("b", "", "", DependencyError), fail("c", "", "", DataError)])
    4
    """
    return next((f.exit_code for f in findings if f.verdict == "fail"), EXIT_OK)
