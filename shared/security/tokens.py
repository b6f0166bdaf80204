"""Access tokens (RFC 9068, with the advice of RFC 8725), judged for real: signature first, then every claim."""

import base64
import binascii
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from shared.security.keyset import KeySource

ALGORITHMS = ("ES256", "RS256", "EdDSA", "Ed25519")
TYPES = ("at+jwt", "application/at+jwt")
LEEWAY_S = 60
MAX_LIFETIME_S = 3600
"""Longer ones come from a client that was set up wrongly; a stolen one would be good for too long."""
MAX_TOKEN_CHARACTERS = 8192
MAX_CLAIM_CHARACTERS = 200

WEB_CLIENT = "pulang-web"
"""The client through which people sign in."""
PERSON_CLAIM = "person"
"""The staff directory's reference. `sub` is the identity provider's own id, which means nothing here."""

# Strict header checks are off, since harmless members (jku, x5u) are to be ignored and not looked up; `crit` is
# refused by us, and the key is always one of the key set's, by `kid`.
_REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


class TokenRefused(Exception):
    """Not a token to act on. The code is for metrics and logs; the caller learns only whether it had expired."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in. What they may do is looked up and not taken from the token, which may be old."""

    person: str
    issued_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class PartnerSignedIn:
    """A partner agency's own system. No person stands behind it, so it never becomes an actor of the directory."""

    partner: str
    """The agency's code, for example `LPSK`."""
    client: str
    issued_at: float
    expires_at: float


@dataclass(frozen=True)
class TokenVerifier:
    """Judges tokens of one issuer for one audience. Time is the system's, in seconds.

    `client_id` (RFC 9068 §2.2) tells people from machines: people sign in through `people_clients`, and `partners`
    says which agency a machine's client belongs to. A client is one or the other, and so is each of its tokens.
    """

    keys: KeySource
    issuer: str
    audience: str
    people_clients: Collection[str] = (WEB_CLIENT,)
    partners: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], float] = time.time

    async def verify(self, token: str) -> SignedIn:
        """Which person signed in; raises TokenRefused, or Unavailable where the issuer's keys are not known."""
        claims = await self._claims(token)
        if _text(claims, "client_id") not in self.people_clients:
            raise TokenRefused("NOT_A_PERSON")
        return SignedIn(_text(claims, PERSON_CLAIM), float(claims["iat"]), float(claims["exp"]))

    async def verify_partner(self, token: str) -> PartnerSignedIn:
        """Which agency's system signed in; raises as `verify` does."""
        claims = await self._claims(token)
        client = _text(claims, "client_id")
        partner = self.partners.get(client)
        if partner is None or client in self.people_clients or PERSON_CLAIM in claims:
            raise TokenRefused("NOT_A_PARTNER")
        return PartnerSignedIn(partner, client, float(claims["iat"]), float(claims["exp"]))

    async def _claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that is genuine, meant for us, and valid now."""
        header = read_header(token)
        trusted = await self.keys.key(header["kid"])
        if trusted is None:
            raise TokenRefused("UNKNOWN_KEY")
        if header["alg"] not in trusted.algorithms:
            raise TokenRefused("WRONG_ALGORITHM")
        try:
            signed = jws.deserialize_compact(token, trusted.key, registry=_REGISTRY)
        except (JoseError, ValueError):
            raise TokenRefused("BAD_SIGNATURE") from None
        claims = _read_object(signed.payload or b"", "BAD_CLAIMS")
        self._judge(claims)
        return claims

    def _judge(self, claims: Mapping[str, Any]) -> None:
        times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
        if any(isinstance(at, bool) or not isinstance(at, int | float) for at in times.values()):
            raise TokenRefused("BAD_CLAIMS")
        try:
            self._registry().validate(dict(claims))
        except ExpiredTokenError:
            raise TokenRefused("TOKEN_EXPIRED") from None
        except JoseError as error:
            raise TokenRefused(_refusal(error)) from None
        if claims["exp"] > claims["iat"] + MAX_LIFETIME_S:
            raise TokenRefused("LIVES_TOO_LONG")

    def _registry(self) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=lambda: int(self.now()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_CLAIM_CHARACTERS:
        raise TokenRefused("BAD_CLAIMS")
    return value


def _refusal(error: JoseError) -> str:
    claim = getattr(error, "claim", None)
    return f"BAD_{claim.upper()}" if claim in ("iss", "aud", "nbf", "iat", "exp", "sub") else "BAD_CLAIMS"


def read_header(token: str) -> Mapping[str, Any]:
    """The protected header, checked before any key is looked for: algorithm, type, key id, and nothing critical."""
    if len(token) > MAX_TOKEN_CHARACTERS or token.count(".") != 2 or not token.isascii():
        raise TokenRefused("MALFORMED")
    encoded = token.split(".", 1)[0].encode()
    try:
        raw = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise TokenRefused("MALFORMED") from None
    header = _read_object(raw, "MALFORMED")
    if header.get("alg") not in ALGORITHMS:
        raise TokenRefused("WRONG_ALGORITHM")
    if not isinstance(header.get("typ"), str) or header["typ"].lower() not in TYPES:
        raise TokenRefused("WRONG_TYPE")
    if "crit" in header or "b64" in header:
        raise TokenRefused("CRITICAL_EXTENSION")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_CLAIM_CHARACTERS:
        raise TokenRefused("UNKNOWN_KEY")
    return header


def _read_object(raw: bytes, refusal: str) -> dict[str, Any]:
    """JSON whose names are unique at every depth: of two equal claims, parsers disagree which one counts."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise TokenRefused("DUPLICATE_CLAIM")
        return dict(pairs)

    try:
        value = json.loads(raw, object_pairs_hook=unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise TokenRefused(refusal) from None
    if not isinstance(value, dict):
        raise TokenRefused(refusal)
    return value


def _refuse_constant(_: str) -> float:
    raise ValueError("NaN and infinities are no JSON")
