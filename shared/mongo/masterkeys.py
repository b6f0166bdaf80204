"""What wraps the data keys: a ring of local master keys, or a key that stays in a key server (KMIP).

Each data key says which one wrapped it, so several can be in use while a rotation rewraps key by key.
"""

import base64
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from shared.mongo.client import Document
from shared.security.keyring import Ring

KMIP = "kmip"
MASTER_KEY_BYTES = 96
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeySettings(Protocol):
    """Where keys are and what wraps them."""

    @property
    def mongo_database(self) -> str:
        """The service's database."""
        ...

    @property
    def key_database(self) -> str | None:
        """The key vault's database; by default `<mongo_database>_keys`."""
        ...

    @property
    def master_keys(self) -> Ring | None:
        """Local master keys by version, 96 bytes in base64 each."""
        ...

    @property
    def master_key_provider(self) -> str:
        """`local` or `kmip`: what wraps new data keys."""
        ...

    @property
    def kmip_endpoint(self) -> str | None:
        """The key server's `host:port`."""
        ...

    @property
    def kmip_key_id(self) -> str | None:
        """The master key's identifier there."""
        ...

    @property
    def kmip_ca_file(self) -> Path | None:
        """Whom the key server's certificate must come from."""
        ...

    @property
    def kmip_client_file(self) -> Path | None:
        """Our certificate and private key."""
        ...


@dataclass(frozen=True)
class MasterKeys:
    """What the driver needs. `wraps` is how a data key that the current master key wrapped describes it."""

    wraps: Mapping[str, str]
    providers: Mapping[str, Any] = field(repr=False)
    tls: Mapping[str, Any]

    @property
    def provider(self) -> str:
        """The name of the current one, as the driver calls it."""
        return self.wraps["provider"]

    @property
    def options(self) -> dict[str, str] | None:
        """What the driver wants to know beyond the name."""
        return {"keyId": self.wraps["keyId"]} if self.provider == KMIP else None

    @property
    def version(self) -> str:
        """The current one, for people: a version of the ring, or the key server's identifier."""
        return version_of(self.wraps)

    @property
    def outdated(self) -> Document:
        """Data keys that another master key wraps."""
        return {"$or": [{f"masterKey.{name}": {"$ne": value}} for name, value in self.wraps.items()]}


def version_of(wrapped: Mapping[str, Any]) -> str:
    """Which master key wrapped a data key: `local:2026b`, `kmip:17`."""
    return f"{KMIP}:{wrapped['keyId']}" if wrapped["provider"] == KMIP else str(wrapped["provider"])


def master_keys_of(settings: KeySettings) -> MasterKeys:
    """By these settings; raises ValueError for a key of the wrong size or a private key that others may read."""
    ring = settings.master_keys.secrets if settings.master_keys else {}
    providers: dict[str, Any] = {local_name(v): {"key": master_key_from(encoded)} for v, encoded in ring.items()}
    tls: dict[str, Any] = {}
    if settings.kmip_endpoint:
        providers[KMIP] = {"endpoint": settings.kmip_endpoint}
        tls[KMIP] = {"tlsCAFile": str(settings.kmip_ca_file), "tlsCertificateKeyFile": _own(settings.kmip_client_file)}
    if settings.master_key_provider == KMIP:
        return MasterKeys({"provider": KMIP, "keyId": str(settings.kmip_key_id)}, providers, tls)
    if settings.master_keys is None:
        raise ValueError("there is no master key")
    return MasterKeys({"provider": local_name(settings.master_keys.current)}, providers, tls)


def local_name(version: str) -> str:
    """A local master key, as the driver calls it."""
    return f"local:{version}"


def master_key_from(encoded: str) -> bytes:
    """The master key's bytes."""
    key = base64.b64decode(encoded, validate=True)
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"the master key has {MASTER_KEY_BYTES} bytes, in base64")
    return key


def _own(place: Path | None) -> str:
    if place is None or place.stat().st_mode & OTHERS:
        raise ValueError("the key server's client certificate must be readable by its owner alone (chmod 600)")
    return str(place)
