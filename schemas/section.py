"""The base of every section of a pipeline file."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """Frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def later(default: Any) -> Any:
    """Give the default of a key that came when files of its section were already in use.

    While it has that default it is left out of what is written of the section: the fingerprint of a checkpoint and the
    recipe of a version stay what they were before there was such a key.

    Examples
    --------
    >>> class Old(Section):
    ...     size: int = 2
    ...     colour: str = later("grey")
    >>> Old().model_dump(), Old(colour="red").model_dump()
    ({'size': 2}, {'size': 2, 'colour': 'red'})
    """
    return Field(default, exclude_if=lambda value: value == default)
