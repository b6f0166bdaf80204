"""Secrets from files: `PULANG_CASES_SECRET_FILE=/run/secrets/cases` instead of the secret in the environment.

An environment shows in process lists, crash reports and container inspections; a file can be its owner's alone.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

OTHERS = 0o077


class SecretFileRefused(ValueError):
    """A secret's file is missing, or others than its owner may touch it; the message names the setting alone."""


class FileSecrets(PydanticBaseSettingsSource):
    """Reads every secret setting for which `<NAME>_FILE` names a file; raises SecretFileRefused."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The file's content without the line's end, or None where no file is named."""
        variable = f"{self.config.get('env_prefix', '')}{field_name}_file".upper()
        path = os.environ.get(variable)
        return (read_secret(Path(path), variable) if path else None, field_name, False)

    def __call__(self) -> dict[str, Any]:
        """All secrets that stand in files."""
        secret = {name: field for name, field in self.settings_cls.model_fields.items() if _is_secret(field)}
        values = {name: self.get_field_value(field, name)[0] for name, field in secret.items()}
        return {name: value for name, value in values.items() if value is not None}


def read_secret(path: Path, name: str) -> str:
    """A secret's file; `name` says in a refusal which one it is."""
    try:
        if path.stat().st_mode & OTHERS:
            raise SecretFileRefused(f"{name}: nobody but its owner may read or write that file (chmod 600)")
        return path.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise SecretFileRefused(f"{name}: the file cannot be read ({type(error).__name__})") from None


def _is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation) or field.annotation is SecretStr
