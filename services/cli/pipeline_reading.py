"""A pipeline file, the lock file beside it, and the contracts that follow from both."""

from __future__ import annotations

from pathlib import Path

from schemas.compatibility import Lock, ids_and_schemas, parse_lock
from schemas.contracts import Contracts, contracts_of
from schemas.errors import ConfigurationError
from schemas.pipeline import Pipeline
from schemas.pipeline_file import parse_pipeline


def read_pipeline(file: Path) -> Pipeline:
    """Read a pipeline file.

    Raises
    ------
    ConfigurationError
        It cannot be read, or something in it is wrong.
    """
    return parse_pipeline(
        _text(file, "Give the path of a pipeline file; `anabranch pipelines init` makes one."), str(file)
    )


def lock_path(file: Path) -> Path:
    """Where the lock file of a pipeline file is.

    Examples
    --------
    >>> lock_path(Path("pipelines/flights.yaml")).as_posix()
    'pipelines/flights.schemas.json'
    """
    return file.with_suffix(".schemas.json")


def read_lock(file: Path) -> Lock:
    """Read the lock file of a pipeline file; a pipeline without one has no past.

    Raises
    ------
    ConfigurationError
        It cannot be read, or is not as it was written.
    """
    path = lock_path(file)
    return parse_lock(_text(path, "Restore it from version control."), str(path)) if path.exists() else {}


def read_contracts(file: Path, registry: str = "") -> Contracts:
    """Read a pipeline file and its lock, and build the contracts, with the ids of a registry if its URL is given.

    Raises
    ------
    ConfigurationError
        A file is wrong; SchemaIncompatible if a record can no longer read its past.
    DependencyError
        The registry is away.
    """
    return build_contracts(read_pipeline(file), read_lock(file), registry)


def build_contracts(pipeline: Pipeline, lock: Lock, registry: str = "") -> Contracts:
    """Build contracts that can read what the lock holds; raises as `read_contracts`."""
    if not registry:
        return contracts_of(pipeline, former=ids_and_schemas(lock))
    from adapters.registry import contracts_with  # most of a second to import, and few have a registry

    return contracts_with(pipeline, lock, registry)


def _text(file: Path, cure: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}.", cure) from error
