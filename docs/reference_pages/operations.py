"""Settings, metrics, exit codes and checks: what somebody on call looks up."""

from __future__ import annotations

import inspect

from docs.reference_pages.markdown import code, fenced, page, table
from schemas import errors
from schemas.metrics import METRICS, MetricSpec
from schemas.settings import Settings
from services.cli import failures
from services.doctor.names import CHECKS


def settings() -> str:
    """Environment variables, from `schemas.settings`."""
    intro = "A flag of the command wins over the variable, the variable over the default."
    rows = (
        [
            code(f"ANABRANCH_{name.upper()}"),
            code(str(field.default)) if str(field.default) else "empty",
            field.description or "",
        ]
        for name, field in Settings.model_fields.items()
    )
    return page("Settings", intro, table(["variable", "default", "meaning"], rows))


def metrics() -> str:
    """Every metric, from `schemas.metrics`."""
    intro = (
        "Every process serves `/metrics` for Prometheus. A metric's exported name is `anabranch_<process>_<name>`;"
        " values of labels come from closed sets. `/livez` says whether the loop turns, `/readyz` whether the process"
        " is assigned, restored and has caught up once."
    )
    return page("Metrics", intro, table(["name", "kind", "labels", "processes", "meaning"], map(_metric, METRICS)))


def _metric(spec: MetricSpec) -> list[str]:
    return [code(spec.name), spec.kind, code(*spec.labels) or "–", ", ".join(spec.processes), spec.help]


def exit_codes() -> str:
    """Exit codes and the tree of errors, from their docstrings."""
    lines = [line.split(maxsplit=1) for line in (failures.__doc__ or "").splitlines() if line[:1].isdigit()]
    tree = inspect.getdoc(errors) or ""
    drawn = inspect.cleandoc(tree.partition("::")[2])
    intro = (
        "An error says what happened, why, and how to mend it. With `--json` it is one JSON object on standard error."
    )
    return page(
        "Errors and exit codes", intro, table(["code", "meaning"], lines), "## The tree of errors", fenced(drawn)
    )


def checks() -> str:
    """What the doctor looks at, from `services.doctor.names`."""
    intro = (
        "`anabranch doctor` makes these checks in this order; those from `pipeline` on need a pipeline file. What"
        " stands on something that has failed is left out. It leaves with the code of the first failure."
    )
    return page(
        "Checks of the doctor", intro, table(["check", "is well when"], ([code(n), w] for n, w in CHECKS.items()))
    )
