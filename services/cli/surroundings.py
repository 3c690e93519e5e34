"""Settings for one command: flags win over ``ANABRANCH_*`` variables, those over the defaults."""

from __future__ import annotations

from pydantic import ValidationError

from schemas.errors import ConfigurationError
from schemas.settings import Settings


def read_settings(**flags: object) -> Settings:
    """Return the settings; a flag that is None was not given.

    Raises
    ------
    ConfigurationError
        A variable or flag has a value that it cannot have.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigurationError(_explain(error), "See `anabranch --help` and the settings reference.") from error


def _explain(error: ValidationError) -> str:
    return " ".join(
        f"ANABRANCH_{'_'.join(map(str, fault['loc'])).upper()} cannot be {fault['input']!r}: {fault['msg']}."
        for fault in error.errors()
    )
