"""Rules of a pipeline file that concern more than one section."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from schemas.bank_rules import bank_faults
from schemas.drift_edges import edge_faults
from schemas.drift_rules import detector_faults, expectation_faults, slice_faults
from schemas.reaction_rules import reaction_faults

NETWORK_KINDS = ("tabular_resnet", "mlp")

if TYPE_CHECKING:
    from schemas.pipeline import FieldSpec, Pipeline, WindowGroup


def suggestion(word: str, known: list[str]) -> str:
    """Name the nearest known word, or all of them.

    Examples
    --------
    >>> suggestion("carier", ["carrier", "origin"])
    "did you mean 'carrier'?"
    """
    near = get_close_matches(word, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(known)) or 'none'}"


def check_references(pipeline: Pipeline) -> None:
    """Check names that point from one section into another.

    Raises
    ------
    ValueError
        All faults at once, one per line, each as ``path: message``.
    """
    rules = (
        _request_faults,
        _ignored_faults,
        _reserved_faults,
        _window_faults,
        _serving_faults,
        _learner_faults,
        reaction_faults,
        bank_faults,
    )
    faults = [fault for rule in rules for fault in rule(pipeline)]
    faults = faults or list(_drift_faults(pipeline))  # of which vector, is known once the rest is right
    if faults:
        raise ValueError("\n".join(faults))


def _request_faults(pipeline: Pipeline) -> Iterator[str]:
    fields = pipeline.request.fields
    entity = fields.get(pipeline.request.entity)
    if entity is None:
        yield f"request.entity: no field '{pipeline.request.entity}'; {suggestion(pipeline.request.entity, [*fields])}"
    elif entity.type != "category":
        yield f"request.entity: '{pipeline.request.entity}' must be a category, for it is the key of the topic"


def _reserved_faults(pipeline: Pipeline) -> Iterator[str]:
    """Refuse names that every record of its kind already has."""
    for name in {"request_time", "request_id"} & pipeline.request.fields.keys():
        yield f"request.fields.{name}: every request has this field; leave it out or rename yours"
    for event, spec in pipeline.events.items():
        if "event_time" in spec.fields:
            yield f"events.{event}.fields.event_time: every event has this field; leave it out or rename yours"


def _ignored_faults(pipeline: Pipeline) -> Iterator[str]:
    models = {"model": pipeline.model}
    models |= {f"learner.baselines.{n}.model": b.model for n, b in pipeline.learner.baselines.items() if b.model}
    for at, model in models.items():
        for field in model.ignore:
            if field not in pipeline.request.fields:
                yield f"{at}.ignore: no field '{field}'; {suggestion(field, [*pipeline.request.fields])}"


def _window_faults(pipeline: Pipeline) -> Iterator[str]:
    for i, group in enumerate(pipeline.windows.groups):
        at = f"windows.groups.{i}"
        event = pipeline.events.get(group.event)
        if event is None:
            yield f"{at}.event: no event '{group.event}'; {suggestion(group.event, [*pipeline.events])}"
            continue
        yield from _field_fault(f"{at}.value", group.value, event.fields, "number")
        for request_field, event_field in group.key_pairs:
            yield from _field_fault(f"{at}.key", request_field, pipeline.request.fields, "category")
            yield from _field_fault(f"{at}.key", event_field, event.fields, "category")
        yield from _span_faults(at, group, pipeline.windows.pane)
        yield from _mapping_faults(at, group, pipeline.windows.groups[:i])


def _field_fault(at: str, name: str, fields: dict[str, FieldSpec], kind: str) -> Iterator[str]:
    if name not in fields:
        yield f"{at}: no field '{name}'; {suggestion(name, [*fields])}"
    elif fields[name].type != kind:
        yield f"{at}: '{name}' must be a {kind}"


def _span_faults(at: str, group: WindowGroup, pane: int) -> Iterator[str]:
    for span in group.over:
        if span == 0 or span % pane:
            yield f"{at}.over: every span must be a whole number of panes ({pane} ms)"
    if len(set(group.over)) != len(group.over) or len(set(group.aggregates)) != len(group.aggregates):
        yield f"{at}: spans and aggregates must not repeat"


def _mapping_faults(at: str, group: WindowGroup, before: tuple[WindowGroup, ...]) -> Iterator[str]:
    for other in before:
        same = other.event == group.event and [r for r, _ in other.key_pairs] == [r for r, _ in group.key_pairs]
        if same and other.key_pairs != group.key_pairs:
            yield f"{at}.key: event '{group.event}' already maps these request fields to other fields"


def _serving_faults(pipeline: Pipeline) -> Iterator[str]:
    prior = pipeline.serving.prior
    if prior is not None and len(prior) != pipeline.target.outputs:
        yield f"serving.prior: the target has {pipeline.target.outputs} outputs, not {len(prior)}"


def _learner_faults(pipeline: Pipeline) -> Iterator[str]:
    keep, learner = "learner.keep_artefacts", pipeline.learner
    if learner.keep_artefacts < learner.keep_versions:
        yield (
            f"{keep}: must not be less than learner.keep_versions ({learner.keep_versions}), "
            f"for a store that was lost is rebuilt from what the versions topic keeps; it is {learner.keep_artefacts}"
        )
    if learner.replay.kind == "class_balanced" and pipeline.target.type == "regression":
        yield "learner.replay.kind: a regression has no classes to balance; take reservoir or concept_balanced"
    if pipeline.model.kind == "contest" and pipeline.target.type == "regression":
        yield "model.kind: a contest answers with classes, and the target is a regression; take tabular_resnet or mlp"
    if learner.safeguards.chosen and pipeline.model.kind not in NETWORK_KINDS:
        chosen = ", ".join(learner.safeguards.chosen)
        yield f"learner.safeguards: {chosen}: they act on networks, and model.kind is {pipeline.model.kind}"


def _drift_faults(pipeline: Pipeline) -> Iterator[str]:
    from schemas.layout import layout_of

    layout = layout_of(pipeline)
    columns = dict(zip(layout.names, layout.buckets, strict=True)) | dict.fromkeys(("label", "output", "error"), 0)
    for name, test in pipeline.drift.tests.columns.items():
        if name not in columns:
            yield f"drift.tests.columns.{name}: no such column; {suggestion(name, [*columns])}"
        elif columns[name] and test in ("ks", "wasserstein"):
            yield f"drift.tests.columns.{name}: a category has no order; choose psi, chi_squared or jensen_shannon"
    yield from expectation_faults(pipeline, dict(zip(layout.names, layout.buckets, strict=True)))
    yield from slice_faults(pipeline)
    vector = zip(layout.buckets, layout.ranges, strict=True)
    yield from edge_faults(pipeline, dict(zip(layout.names, vector, strict=True)))
    yield from detector_faults(pipeline)
