"""What was checked: equations with their numbers, and the first event that breaks each. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One record."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Fault:
    """An event that breaks an equation: where it is (None: nowhere), what is wrong, and its request id if any."""

    place: Place | None
    what: str
    id: str = ""

    def __str__(self) -> str:
        subject = [str(self.place)] if self.place else []
        return " ".join((*subject, *([f"(request_id {self.id!r})"] if self.id else []), self.what))


@dataclass(frozen=True, slots=True)
class Term:
    """One number of an equation."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Equation:
    """One thing that must hold.

    Attributes
    ----------
    name : str
        What is counted.
    invariants : tuple of str
        ``I1`` … ``I8`` of the design.
    terms : tuple of Term
        If `is_sum`, the first is the sum of the others.
    faults : tuple of Fault
        What breaks it, the first event first; none if it holds.
    note : str
        What else is to be said: what waits, what could not be checked and why.
    """

    name: str
    invariants: tuple[str, ...]
    terms: tuple[Term, ...]
    faults: tuple[Fault, ...] = ()
    note: str = ""
    is_sum: bool = True

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.faults

    @property
    def offender(self) -> str:
        """The first event that breaks it, in words; empty if it holds."""
        return str(self.faults[0]) if self.faults else ""

    @property
    def numbers(self) -> str:
        """The equation in one line."""
        first, *rest = (f"{term.name} {term.count:,}" for term in self.terms)
        return f"{first} = {' + '.join(rest)}" if self.is_sum else " · ".join((first, *rest))

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "FAILS: " + "; ".join(map(str, self.faults))
        return f"{self.name} ({', '.join(self.invariants)}): {self.numbers}: {verdict}"


MOST_FAULTS = 3
"""Told of each equation: what breaks first is what is looked at first."""


def balance(
    name: str,
    invariants: tuple[str, ...],
    whole: Term,
    parts: Iterable[Term],
    faults: Iterable[Fault],
    note: str = "",
) -> Equation:
    """Make an equation of a whole and its parts; it holds if they add up and there are no faults.

    Examples
    --------
    >>> print(balance("labels", ("I2",), Term("read", 3), (Term("joined", 2), Term("pending", 1)), []))
    labels (I2): read 3 = joined 2 + pending 1: holds
    >>> print(balance("labels", ("I2",), Term("read", 3), (Term("joined", 2),), []))
    labels (I2): read 3 = joined 2: FAILS: 1 missing
    """
    parts, told = tuple(parts), [*faults][:MOST_FAULTS]
    missing = whole.count - sum(part.count for part in parts)
    if missing:
        told.append(Fault(None, f"{missing:,} missing" if missing > 0 else f"{-missing:,} too many"))
    return Equation(name, invariants, (whole, *parts), tuple(told), note)


@dataclass(frozen=True, slots=True)
class Report:
    """All that was checked.

    Attributes
    ----------
    records : int
        Read in the first pass.
    """

    pipeline: str
    equations: tuple[Equation, ...]
    records: int = 0

    @property
    def holds(self) -> bool:
        """Whether all of it holds."""
        return all(equation.holds for equation in self.equations)

    def __str__(self) -> str:
        return "\n".join(map(str, self.equations))
