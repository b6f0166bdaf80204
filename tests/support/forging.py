"""Forged tokens: the known attacks on JSON web tokens, each as somebody would send it."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey

from deploy.local.issuer import Issuer, new_key

PERSON = "O-21"
WEAK_KID, SHARED_KID = "weak", "shared"
SHARED_SECRET = b"secret" * 8
JSON = dict[str, Any]


def b64(raw: bytes) -> str:
    """As tokens have it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def b64json(value: object) -> str:
    """A part of a token."""
    return b64(json.dumps(value).encode())


@dataclass
class Forger:
    """Has the issuer's public keys, keys of their own, and an honest token to change. Where an attack needs it, the
    issuer's own key signs: whoever can make it sign something must not get further by that."""

    issuer: Issuer
    own: ECKey = field(default_factory=new_key)
    short: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 1024))

    @property
    def published(self) -> JSON:
        """The issuer's key set, in which somebody has put a short key and a secret."""
        numbers = self.short.public_key().public_numbers()
        short = {"n": b64(numbers.n.to_bytes(128, "big")), "e": b64(numbers.e.to_bytes(3, "big"))}
        weak = {"kty": "RSA", "kid": WEAK_KID, "alg": "RS256", **short}
        shared = {"kty": "oct", "kid": SHARED_KID, "k": b64(SHARED_SECRET)}
        return {"keys": [*self.issuer.key_set()["keys"], weak, shared]}

    @property
    def header(self) -> JSON:
        """An honest header."""
        return {"alg": "ES256", "typ": "at+jwt", "kid": self.issuer.key.kid}

    def claims(self, **other: Any) -> JSON:
        """Honest claims, with changes; None leaves one out."""
        now = int(time.time())
        usual = {"iss": self.issuer.url, "aud": self.issuer.audience, "sub": PERSON, "person": PERSON,
                 "client_id": "pulang-web", "iat": now, "exp": now + 300}  # fmt: skip
        return {name: value for name, value in (usual | other).items() if value is not None}

    def signed(self, *, key: ECKey | None = None, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Signed for real: with the issuer's key unless another is given."""
        return self.raw(json.dumps({**self.header, **(header or {})}).encode(), json.dumps(self.claims(**claims)), key)

    def raw(self, header: bytes, payload: str, key: ECKey | None = None) -> str:
        """The same around any two texts."""
        text = f"{b64(header)}.{b64(payload.encode())}"
        return f"{text}.{b64(_es256(key or self.issuer.key, text.encode()))}"

    def keyed(self, secret: bytes, alg: str = "HS256", **header: Any) -> str:
        """With a MAC instead of a signature."""
        text = f"{b64json({**self.header, 'alg': alg, **header})}.{b64json(self.claims())}"
        return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

    def parts(self) -> list[str]:
        """The three parts of an honest token."""
        return self.signed().split(".")


def _es256(key: ECKey, text: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    private = key.private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(text, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


Attack = Callable[[Forger], str]


def attacks() -> Iterator[tuple[str, Attack]]:
    """Every attack by name; what it makes must be worth nothing."""
    yield from _without_a_signature()
    yield from _with_another_key()
    yield from _by_the_header()
    yield from _by_the_claims()
    yield from _by_the_shape()


def _without_a_signature() -> Iterator[tuple[str, Attack]]:
    for alg in ("none", "NONE", "nOnE", ""):
        yield f"alg {alg!r}", lambda f, alg=alg: f"{b64json({**f.header, 'alg': alg})}.{f.parts()[1]}."
    yield "signature empty", lambda f: ".".join([*f.parts()[:2], ""])
    yield "signature truncated", lambda f: f.signed()[:-8]
    yield "signature of zeros (CVE-2022-21449)", lambda f: ".".join([*f.parts()[:2], b64(bytes(64))])
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551.to_bytes(32, "big")
    yield "signature of the curve's order", lambda f: ".".join([*f.parts()[:2], b64(order + order)])
    yield "payload swapped", lambda f: ".".join([f.parts()[0], b64json(f.claims(person="O-99")), f.parts()[2]])
    yield "signature of another token", lambda f: ".".join([*f.parts()[:2], f.signed(person="V-020").split(".")[2]])


def _with_another_key() -> Iterator[tuple[str, Attack]]:
    yield "HS256 with the public key as PEM", lambda f: f.keyed(f.issuer.key.as_pem(private=False))
    yield (
        "HS256 with the public key as JWK",
        lambda f: f.keyed(json.dumps(f.issuer.key.as_dict(private=False)).encode()),
    )
    yield "HS256 with a secret from the key set", lambda f: f.keyed(SHARED_SECRET, kid=SHARED_KID)
    yield "HS256 with an empty secret by a path", lambda f: f.keyed(b"", kid="../../../../../../dev/null")
    yield "RS256 with an elliptic key's id", lambda f: f.signed(header={"alg": "RS256"})
    yield "a short RSA key from the key set", _by_the_short_key
    yield "a key of one's own", lambda f: f.signed(key=f.own)
    yield "a key of one's own by its id", lambda f: f.signed(key=f.own, header={"kid": f.own.kid})


def _by_the_short_key(forger: Forger) -> str:
    text = f"{b64json({**forger.header, 'alg': 'RS256', 'kid': WEAK_KID})}.{b64json(forger.claims())}"
    return f"{text}.{b64(forger.short.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _by_the_header() -> Iterator[tuple[str, Attack]]:
    for kid in (
        "../../etc/passwd",
        "' OR '1'='1' --",
        "x' UNION SELECT 'secret",
        "http://127.0.0.1:9/k",
        {"$ne": ""},
        7,
    ):
        yield f"kid {kid!r}", lambda f, kid=kid: f.signed(key=f.own, header={"kid": kid})
    for name in ("jku", "x5u"):
        yield name, lambda f, name=name: f.signed(key=f.own, header={name: "http://127.0.0.1:9/keys"})
    yield "jwk", lambda f: f.signed(key=f.own, header={"jwk": f.own.as_dict(private=False)})
    yield "x5c", lambda f: f.signed(key=f.own, header={"x5c": ["MIIB"]})
    yield "crit", lambda f: f.signed(header={"crit": ["exp"]})
    yield "b64 false, not critical", lambda f: f.signed(header={"b64": False})
    yield "b64 false", lambda f: f.signed(header={"b64": False, "crit": ["b64"]})
    for typ in ("JWT", "ID", "logout+jwt", None):
        yield f"typ {typ!r}", lambda f, typ=typ: f.signed(header={"typ": typ})
    yield "two algorithms", lambda f: f.raw(json.dumps(f.header)[:-1].encode() + b', "alg": "none"}', "{}")


def _by_the_claims() -> Iterator[tuple[str, Attack]]:
    now = int(time.time())
    changed: dict[str, JSON] = {
        "iss of another": {"iss": "http://elsewhere.test"},
        "iss with a slash more": {"iss": "http://issuer.test/"},
        "no iss": {"iss": None},
        "aud of another": {"aud": "another"},
        "no aud": {"aud": None},
        "no exp": {"exp": None},
        "exp as text": {"exp": str(now + 300)},
        "exp in a thousand years": {"exp": now + 31_536_000_000},
        "exp beyond all numbers": {"exp": 10**400},
        "no iat": {"iat": None},
        "iat tomorrow": {"iat": now + 86_400, "exp": now + 86_700},
        "nbf tomorrow": {"nbf": now + 86_400},
        "no person": {"person": None},
        "person as a query": {"person": {"$ne": None}},
        "persons": {"person": [PERSON, "V-020"]},
        "no client": {"client_id": None},
        "a client of the realm's own": {"client_id": "admin-cli"},
        "a partner's system": {"client_id": "partner-lpsk", "person": None},
        "a person through a partner's system": {"client_id": "partner-lpsk"},
    }
    for name, change in changed.items():
        yield name, lambda f, change=change: f.signed(**change)
    twice = f', "person": "{PERSON}"}}'
    yield (
        "two persons",
        lambda f: f.raw(json.dumps(f.header).encode(), json.dumps(f.claims(person="V-020"))[:-1] + twice),
    )


def _by_the_shape() -> Iterator[tuple[str, Attack]]:
    yield "nested", lambda f: f.raw(json.dumps({**f.header, "cty": "JWT"}).encode(), f.signed())
    yield (
        "encrypted",
        lambda f: jwe.encrypt_compact(
            {"alg": "dir", "enc": "A256GCM", "typ": "at+jwt", "kid": SHARED_KID},
            f.signed(),
            OctKey.import_key(bytes(32)),
        ),
    )
    yield "four parts", lambda f: f.signed() + ".x"
    yield "one part", lambda f: f.parts()[1]
    yield "no object", lambda f: f.raw(json.dumps(f.header).encode(), f'["{PERSON}"]')
    yield "too long", lambda f: f.signed(padding="x" * 9_000)
    yield "as JSON", lambda f: json.dumps(dict(zip(("protected", "payload", "signature"), f.parts(), strict=True)))
