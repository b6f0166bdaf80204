"""The only reader of the environment. Names are the same in files, environment and `--help`."""

from base64 import b64encode
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from shared.security.keyring import Ring, read_ring
from shared.security.secretcheck import refuse_sample_secrets
from shared.security.tokens import WEB_CLIENT
from shared.service.connections import Connections
from shared.service.open_ways import refuse_far_unencrypted, refuse_open_ways

SAMPLE_SECRET = "sample-secret-for-local-use-only-0000"  # noqa: S105 # pragma: allowlist secret - refused elsewhere
MIN_PASSWORD_BYTES = 16
"""Of what signs us in at a server that counts who tries; ours have 64."""
SAMPLE_MASTER_KEY = b64encode(SAMPLE_SECRET.encode().ljust(96, b"0")).decode()


class Place(Connections):
    """What it takes to look into one service's database, as operators do: no secret but the account's own."""

    local: bool = False
    """Development on one machine: sample secrets, time travel and crash points are allowed."""
    mongo_database: str
    audit_folder: Path | None = None
    """Where copies of the checkpoints go: outside the database, at best on another machine."""
    clock_offset_file: Path | None = None

    @model_validator(mode="after")
    def _in_our_time(self) -> Self:
        if not self.local and self.clock_offset_file:
            raise ValueError("time travel outside local mode")
        return self

    @model_validator(mode="after")
    def _sealed(self) -> Self:
        if not self.local:
            refuse_far_unencrypted(self)
        return self


class ServiceSettings(Place):
    """What every service needs; each has its own prefix, `PULANG_<SERVICE>_`."""

    secrets: ClassVar[tuple[str, ...]] = ("secret", "positions_secret", "master_key")
    """The settings that must be long, random and nobody's sample."""
    rings: ClassVar[tuple[str, ...]] = ("master_key",)
    """Those of them that are key rings: several versions, the one in use first."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=0, le=65535)

    issuer: str = "http://127.0.0.1:8089"
    audience: str = "pulang"
    jwks_url: str = "http://127.0.0.1:8089/jwks"
    jwks_max_age_s: float = Field(default=3600.0, gt=0)
    """How long the issuer's keys are trusted while they can't be fetched again; then nobody can sign in."""
    people_clients: tuple[str, ...] = (WEB_CLIENT,)
    """The issuer's clients through which people sign in; a token of any other client is no person's."""

    plain_sign_in: bool = False
    """Outside local mode too, the issuer and its keys may be reached by plain http: the network itself encrypts."""

    secret: SecretStr = SecretStr(SAMPLE_SECRET)
    """From this one the keys for tags, cursors and fingerprints are derived; at least 32 characters."""

    positions_secret: SecretStr = SecretStr(SAMPLE_SECRET)
    """The same for all services: a position that one gives out is waited for at another."""
    master_key: SecretStr = SecretStr(SAMPLE_MASTER_KEY)
    """A key ring, each 96 bytes in base64: wraps this service's data keys. Kept apart from the database and its
    back-ups."""
    master_key_provider: Literal["local", "kmip"] = "local"
    """Whether the key ring above wraps new data keys, or a key that never leaves a key server (KMIP)."""
    kmip_endpoint: str | None = None
    """`host:port` of the key server."""
    kmip_key_id: str | None = None
    """The identifier that the key server gave the master key; rotation means to name another one."""
    kmip_ca_file: Path | None = None
    kmip_client_file: Path | None = None
    """Certificate and private key in PEM, with which this service signs in at the key server."""
    key_database: str | None = None
    """Where the wrapped data keys are; by default `<mongo_database>_keys`."""

    audit_key_file: Path | None = None
    """The Ed25519 private key (PEM) that signs the audit's checkpoints; the clock role needs it, nobody else."""
    audit_old_key_file: Path | None = None
    """The key before, while it is handed over to a new one."""
    key_cache_s: float = Field(default=30.0, gt=0, le=60)
    """How long a process may go on using a data key that was destroyed."""

    consumer_batch: int = Field(default=500, ge=1, le=1000)
    consumer_session_timeout_s: float = Field(default=45.0, ge=6.0)
    command_group: int = Field(default=64, ge=1, le=512)
    command_deadline_s: float = Field(default=8.0, gt=0)
    outbox_shards: int = Field(default=4, ge=1, le=64)
    lease_ttl_s: float = Field(default=6.0, gt=0)

    directory_max_age_s: float | None = Field(default=5.0, ge=2.0, le=5.0)
    """Reads are refused while the projected staff directory is older. None, in local mode, for a service alone."""

    crash_at: str | None = None

    @property
    def key_databases(self) -> tuple[str, ...]:
        """Every vault of data keys that this service has."""
        return (self.key_database or f"{self.mongo_database}_keys",)

    @property
    def master_keys(self) -> Ring | None:
        """The ring of local master keys; None where a key server wraps everything."""
        ring = self.master_key.get_secret_value()
        return None if self.master_key_provider == "kmip" and ring == SAMPLE_MASTER_KEY else read_ring(ring)

    @model_validator(mode="after")
    def _safe(self) -> Self:
        """Refuse to start with what only a developer's machine may have."""
        samples = (SAMPLE_SECRET, SAMPLE_MASTER_KEY)
        refuse_sample_secrets(self._each_secret(), local=self.local, samples=samples)
        refuse_sample_secrets(self._each_password(), local=self.local, samples=samples, least_bytes=MIN_PASSWORD_BYTES)
        if not self.local:
            refuse_open_ways(self)
        if not self.local and self.crash_at:
            raise ValueError("crash points outside local mode")
        if not self.local and not self.plain_sign_in and not all(map(_is_https, (self.issuer, self.jwks_url))):
            raise ValueError("an issuer without TLS outside local mode; plain_sign_in says that the network encrypts")
        if not self.local and self.directory_max_age_s is None:
            raise ValueError("a staff directory of any age outside local mode")
        kmip = (self.kmip_endpoint, self.kmip_key_id, self.kmip_ca_file, self.kmip_client_file)
        if self.master_key_provider == "kmip" and None in kmip:
            raise ValueError("a key server needs its address, a key's identifier, its authority and our certificate")
        return self

    def _each_password(self) -> dict[str, str]:
        """Every other secret that is given, by its setting's name: a new one is among them by its type alone."""
        others = {name: getattr(self, name) for name in type(self).model_fields if name not in self.secrets}
        return {name: value.get_secret_value() for name, value in others.items() if isinstance(value, SecretStr)}

    def _each_secret(self) -> dict[str, str]:
        """Every secret by its setting's name, each version of a ring by itself."""
        given = {name: getattr(self, name).get_secret_value() for name in self.secrets}
        if self.master_keys is None:
            given.pop("master_key")
        rings = {name: read_ring(given.pop(name)).secrets for name in self.rings if name in given}
        return given | {f"{name} {v}": secret for name, ring in rings.items() for v, secret in ring.items()}


def _is_https(url: str) -> bool:
    return url.startswith("https://")
