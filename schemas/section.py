"""The base of every section of a pipeline file."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
