"""Vaults for tests: master keys of their own, and settings around them."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from shared.security.keyring import Ring


def master_secret() -> str:
    """A random master key in base64."""
    return base64.b64encode(os.urandom(96)).decode()


@dataclass(frozen=True)
class VaultSettings:
    """Settings of one vault."""

    mongo_database: str
    master_keys: Ring | None
    key_database: str | None = None
    master_key_provider: str = "local"
    kmip_endpoint: str | None = None
    kmip_key_id: str | None = None
    kmip_ca_file: Path | None = None
    kmip_client_file: Path | None = None


def keys(database: str, *versions: str) -> VaultSettings:
    """A vault with random master keys of these versions, the first in use."""
    return VaultSettings(database, Ring({version: master_secret() for version in versions or ("1",)}))
