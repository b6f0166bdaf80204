"""The issuer's public keys: fetched from one fixed address, refreshed rarely, trusted only so long."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.kernel.command import Unavailable

log = structlog.get_logger()

PublicKey = ECKey | RSAKey | OKPKey
Fetch = Callable[[], Awaitable[bytes]]

MAX_BYTES = 256 * 1024
MAX_KEYS = 50
MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key and what its algorithm may be called; the token's header cannot choose another."""

    key: PublicKey
    algorithms: tuple[str, ...]


def read_keys(raw: bytes) -> dict[str, TrustedKey]:
    """The signing keys of a JWK Set (RFC 7517) by `kid`; symmetric, private, weak and nameless ones are left out."""
    found: dict[str, TrustedKey] = {}
    for jwk in json.loads(raw)["keys"][:MAX_KEYS]:
        kid = jwk.get("kid")
        trusted = _trusted(jwk)
        if isinstance(kid, str) and trusted is not None:
            found[kid] = trusted
    return found


def _trusted(jwk: Mapping[str, Any]) -> TrustedKey | None:
    if jwk.get("use", "sig") != "sig" or "d" in jwk:
        return None
    try:
        match (jwk.get("kty"), jwk.get("crv")):
            case ("EC", "P-256"):
                trusted = TrustedKey(ECKey.import_key(dict(jwk)), ("ES256",))
            case ("RSA", _):
                trusted = TrustedKey(_strong(RSAKey.import_key(dict(jwk))), ("RS256",))
            case ("OKP", "Ed25519"):
                trusted = TrustedKey(OKPKey.import_key(dict(jwk)), ("EdDSA", "Ed25519"))
            case _:
                return None
    except (JoseError, ValueError):
        return None
    return trusted if jwk.get("alg", trusted.algorithms[0]) in trusted.algorithms else None


def _strong(key: RSAKey) -> RSAKey:
    if key.public_key.key_size < MIN_RSA_BITS:
        raise ValueError("RSA key too short")
    return key


def fetch_from(url: str, timeout_s: float = 3.0) -> Fetch:
    """Fetches the set over HTTP: no redirects, no proxies, bounded in size and time."""

    async def fetch() -> bytes:
        async with (
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=timeout_s) as client,
            client.stream("GET", url) as response,
        ):
            response.raise_for_status()
            raw = b""
            async for chunk in response.aiter_bytes():
                raw += chunk
                if len(raw) > MAX_BYTES:
                    raise ValueError("key set too large")
            return raw

    return fetch


@dataclass
class KeySource:
    """Answers keys by `kid`. Owns one copy of the set; one fetch at a time. In each `pause_s` there is at most one for
    the copy's age and one for unknown keys, so that a new key counts at once and a flood of them costs nothing.

    Through an outage of the issuer the copy serves until it is `max_age_s` old; then nobody can sign in (Unavailable),
    since a withdrawn key might be among them.
    """

    fetch: Fetch
    refresh_s: float = 300.0
    pause_s: float = 30.0
    max_age_s: float = 3600.0
    monotonic: Callable[[], float] = time.monotonic
    _keys: dict[str, TrustedKey] = field(default_factory=dict)
    _fetched_at: float | None = None
    _tried_at: float | None = None
    _missed_at: float | None = None
    """When a key that we did not know last made us ask."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def key(self, kid: str) -> TrustedKey | None:
        """The key, or None where the issuer has no such key; raises Unavailable where nothing can be trusted."""
        if self._older_than(self.max_age_s):
            await self._refresh()
        elif kid not in self._keys:
            await self._refresh(missed=True)
        elif self._older_than(self.refresh_s) and not self._lock.locked():
            await self._refresh()
        if self._older_than(self.max_age_s):
            raise Unavailable("SIGN_IN_UNAVAILABLE", retry_after_s=5)
        return self._keys.get(kid)

    async def check(self) -> None:
        """For readiness: raises where no token could be judged."""
        if self._older_than(min(self.refresh_s, self.max_age_s)):
            await self._refresh()
        if self._older_than(self.max_age_s):
            raise Unavailable("SIGN_IN_UNAVAILABLE")

    def _older_than(self, seconds: float) -> bool:
        return self._fetched_at is None or self.monotonic() - self._fetched_at > seconds

    async def _refresh(self, missed: bool = False) -> None:
        asked_at = self.monotonic()
        async with self._lock:
            if self._fetched_at is not None and self._fetched_at >= asked_at:
                return  # somebody else fetched while this one waited
            last = self._missed_at if missed else self._tried_at
            if last is not None and self.monotonic() - last < self._pause_now():
                return
            self._tried_at = self.monotonic()
            self._missed_at = self._tried_at if missed else self._missed_at
            try:
                self._keys = read_keys(await self.fetch())
                self._fetched_at = self.monotonic()
            except Exception as error:  # noqa: BLE001 - whatever went wrong, the copy serves on
                log.warning("key_set_not_fetched", reason=type(error).__name__)

    def _pause_now(self) -> float:
        """With nothing to serve from, the next try comes sooner."""
        return min(self.pause_s, 1.0) if self._older_than(self.max_age_s) else self.pause_s
