"""From the books to the equations; where one does not balance, its topics are read again to name the first offender."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

from adapters.ports import ModelStore
from adapters.whole_log import Span
from models.protocol import ServedModel
from schemas.errors import DataError
from schemas.topics import Role
from services.verify.joining import Flow
from services.verify.ledger import Entries, Ledger, Side, first_surplus
from services.verify.passes import Books
from services.verify.report import Equation, Fault, Place, Term
from services.verify.samples import Sample, differs
from services.verify.versions import Announced, Store


def requests_equation(books: Books) -> Equation:
    """Every request read was answered or buried, once."""
    cut = books.cut
    gone = cut.beheaded("requests", "predictions", "dead-letters")
    waiting = len(books.zone.hash_K)
    if gone:
        return books.answering.counts(waiting, _only_counted(gone))
    below, whole = cut.below("requests"), cut.spans["requests"]
    lenient = books.contracts.pipeline.serving.delivery == "at_least_once"
    return books.answering.equation(
        lambda: map(books.answering.requests_of, books.reading.topic("requests", below)),
        lambda: map(books.answering.requests_of, books.reading.topic("requests", whole)),
        lambda: chain(_answers(books), _letters(books, "requests", books.answering.letters_of)),
        waiting,
        lenient,
    )


def copied_equation(books: Books) -> Equation:
    """Every example repeats an answer as it was served, and a label as it came."""
    copied, faults = books.copies, list[Fault]()
    faults += _copy_faults(copied.served, lambda: _joined(books, "predictions"), lambda: _copies(books, True))
    faults += _copy_faults(copied.labelled, lambda: _joined(books, "labels"), lambda: _copies(books, False))
    terms = (Term("answers repeated by examples", copied.answers), Term("labels repeated by examples", copied.labels))
    return Equation("examples as served", ("I5", "I8"), terms, tuple(faults), is_sum=False)


def joined_equation(books: Books, flow: Flow, name: str) -> Equation:
    """Every answer, or label, that the join read has one end, and the join counts it so."""
    found, gone = flow.equation(name), books.cut.beheaded("examples", "dead-letters")
    return replace(found, faults=(), note=_only_counted(gone), is_sum=False) if gone else found


def features_equation(books: Books) -> Equation:
    """Every feature event read went into the windows once."""
    gone = books.cut.beheaded("panes", "dead-letters")
    note = f"{books.pane_letters:,} dead letters of late pane rows" if books.pane_letters else ""
    marks = (books.feature_marks, books.pane_marks)
    strange = [*books.unread_of("panes"), *(fault for m in marks for fault in (*m.twice, *m.stray))]
    found = books.features.equation(strange, note)
    return replace(found, faults=(), note=_only_counted(gone), is_sum=False) if gone else found


def _only_counted(gone: tuple[Role, ...]) -> str:
    return f"the beginning of {' and '.join(gone)} is gone: what is left is only counted"


def examples_equation(books: Books) -> Equation:
    """Every example was learned, refused, or waits for the next version."""
    learning = books.learning

    def bad() -> Iterator[Entries]:
        return map(books.bad_examples, books.reading.topic("examples"))

    return learning.equation(
        bad, lambda: _letters(books, "examples", learning.letters_of), books.untold, not books.cut.beheaded("examples")
    )


def sampled_equation(books: Books, store: ModelStore, held: Store) -> Equation:
    """Sampled answers come out again from the model that they name."""
    rows, worst, faults = 0, 0.0, list[Fault]()
    if not books.samples.by_version:
        return Equation("answers computed again", ("I5",), (Term("answers", 0),), is_sum=False)
    topic = books.cut.topic("predictions")
    for key, model in _models(books, store, held):
        sample = books.samples.by_version.pop(key)
        off, fault = differs(sample, model, topic)
        rows, worst = rows + len(sample.rank_S), max(worst, off)
        faults += [fault] if fault else []
    note = f"the furthest is off by {worst:.2g}" if rows else ""
    if left := len(books.samples.by_version):
        note += f"; models of {left} versions were let go of: `anabranch models rebuild` makes them again"
    return Equation("answers computed again", ("I5",), (Term("answers", rows),), tuple(faults), note, is_sum=False)


def letters_equation(books: Books) -> Equation:
    """What stands in the dead letters can be read."""
    terms = (Term("dead letters", books.letters), Term("replayed", books.replayed))
    return Equation("dead letters", ("I2",), terms, tuple(books.unread_of("dead-letters")), is_sum=False)


def relearned_equation(announced: dict[int, Announced], made: Iterator[tuple[int, str]]) -> Equation:
    """Every version comes out of the log again with the digest that was announced."""
    same, faults = 0, list[Fault]()
    for number, digest in made:
        known = announced.pop(number, None)
        if known is None or known.digest == digest:
            same += known is not None
            continue
        faults.append(
            Fault(known.place, f"version {number} comes out as {digest[:12]}…, announced was {known.digest[:12]}…")
        )
    faults += [
        Fault(known.place, f"version {n} does not come out of the log") for n, known in sorted(announced.items())
    ]
    terms = (Term("versions", same),)
    return Equation("versions learned again", ("I3", "I8"), terms, tuple(faults[:3]), is_sum=False)


def named(books: Books, equation: Equation) -> Equation:
    """Add the request ids of its offenders."""
    return replace(equation, faults=tuple(replace(f, id=_id_at(books, f.place)) for f in equation.faults))


def _id_at(books: Books, place: Place | None) -> str:
    role = next((role for role in _RECORDS if place and books.cut.topic(role) == place.topic), None)
    if place is None or role is None:
        return ""
    for stretch in books.reading.topic(role, {place.partition: Span(place.offset, place.offset + 1)}):
        decoded = books.contracts.decode(stretch.values, (_RECORDS[role],))
        for part in (*decoded.parts, *decoded.refused):
            return bytes(part.columns["request_id"][0]).decode()
    return ""


_RECORDS: Final[dict[Role, str]] = {
    "requests": "Request",
    "predictions": "Prediction",
    "labels": "Label",
    "examples": "Example",
}


def _copy_faults(ledger: Ledger, originals: Side, copies: Side) -> list[Fault]:
    if ledger.is_balanced:
        return []
    differing = ledger.differing
    copy, original = first_surplus(differing, copies, originals), first_surplus(differing, originals, copies)
    faults = (
        [Fault(copy, f"repeats something else than what it names{f': {original}' if original else ''}")] if copy else []
    )
    return faults or [Fault(original, "is named by an example that does not repeat it")]


def _answers(books: Books) -> Iterator[Entries]:
    for stretch in books.reading.topic("predictions"):
        part = books.part(stretch, "Prediction")
        if part is not None:
            yield books.answering.answers_of(stretch, part)


def _letters(books: Books, role: Role, keys: Callable[..., Entries]) -> Iterator[Entries]:
    for stretch in books.reading.topic("dead-letters"):
        letters = books.letters_in(stretch).get(books.cut.topic(role))
        if letters is not None:
            yield keys(letters)


def _joined(books: Books, role: Role) -> Iterator[Entries]:
    copies, is_answers = books.copies, role == "predictions"
    record, of = ("Prediction", copies.joined_answers) if is_answers else ("Label", copies.joined_labels)
    welcome = (record,) if is_answers else (record, "Progress")
    for stretch in books.reading.topic(role):
        part = books.part(stretch, record, welcome)
        if part is not None:
            yield of(stretch, part)


def _copies(books: Books, served: bool) -> Iterator[Entries]:
    for stretch in books.reading.topic("examples"):
        part = books.part(stretch, "Example")
        if part is not None:
            yield books.copies.served_of(stretch, part) if served else books.copies.labelled_of(stretch, part)


def _models(books: Books, store: ModelStore, held: Store) -> Iterator[tuple[tuple[int, str], ServedModel]]:
    """Models of the sampled answers, one at a time: from the store, and from the topic where the store has none."""
    from models.snapshot import decode_model  # brings torch, which is larger than all the books together

    wanted = books.samples.by_version
    for number, digest in [key for key in wanted if held.digests.get(key[0]) == key[1]]:
        try:
            yield (number, digest), decode_model(store.get(digest))
        except DataError:
            continue  # dropped since; the topic has it
    if wanted:
        yield from _models_in_topic(books, wanted)


def _models_in_topic(
    books: Books, wanted: dict[tuple[int, str], Sample]
) -> Iterator[tuple[tuple[int, str], ServedModel]]:
    from models.snapshot import decode_model

    for stretch in books.reading.topic("versions"):
        part = books.part(stretch, "Version")
        if part is None:
            continue
        c = part.columns
        for number, digest, blob in zip(
            c["number"].tolist(), c["digest"].tolist(), c["artefact"].tolist(), strict=True
        ):
            if blob and (number, digest.decode()) in wanted:
                yield (number, digest.decode()), decode_model(blob)
