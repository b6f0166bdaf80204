"""Access tokens under attack: everything but an honest token is refused, and for the right reason."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from deploy.local.issuer import Issuer, new_key
from shared.kernel.command import Unavailable
from shared.security.keyset import KeySource, read_keys
from shared.security.tokens import TokenRefused, TokenVerifier

NOW = 1_780_000_000
URL = "http://issuer.test"
HONEST = Issuer(URL, "pulang", new_key())
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": HONEST.key.kid}


class Origin:
    """Where keys are fetched from; counts, and can be down."""

    def __init__(self, content: bytes | None = None) -> None:
        self.content = content if content is not None else public_set()
        self.fetched = 0
        self.down = False

    async def fetch(self) -> bytes:
        self.fetched += 1
        if self.down:
            raise ConnectionError
        return self.content


def public_set(*more: dict[str, Any]) -> bytes:
    """The public halves only."""
    own = [RSA.as_dict(private=False), ED.as_dict(private=False)]
    return json.dumps({"keys": [*HONEST.key_set()["keys"], *own, *more]}).encode()


def verifier(origin: Origin | None = None, **source: Any) -> TokenVerifier:
    """A verifier at a fixed moment."""
    keys = KeySource((origin or Origin()).fetch, **source)
    return TokenVerifier(keys, URL, "pulang", partners={"partner-lpsk": "LPSK"}, now=lambda: NOW)


def claims(**other: Any) -> dict[str, Any]:
    """Good claims, with changes; None leaves one out."""
    usual = {"iss": URL, "aud": "pulang", "sub": "0f1e", "iat": NOW, "exp": NOW + 900}
    usual |= {"person": "V-020", "client_id": "pulang-web"}
    return {name: value for name, value in (usual | other).items() if value is not None}


def signed(header: dict[str, Any] = HEADER, key: Any = HONEST.key, **other: Any) -> str:
    """A token signed without any of the library's second thoughts about the header."""
    return raw_signed(header, json.dumps(claims(**other)).encode(), key)


def raw_signed(header: dict[str, Any], payload: bytes, key: Any = HONEST.key) -> str:
    """The same around any payload."""
    signing_input = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    algorithm = jws.JWSRegistry.algorithms["ES256"]
    return f"{signing_input}.{b64(algorithm.sign(signing_input.encode(), key))}"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def refusal(token: str, origin: Origin | None = None) -> str:
    """The code with which a token is refused."""
    with pytest.raises(TokenRefused) as refused:
        await verifier(origin).verify(token)
    return refused.value.code


async def test_an_honest_token_names_its_person() -> None:
    found = await verifier().verify(HONEST.mint("V-020", now_s=NOW))
    assert (found.person, found.issued_at, found.expires_at) == ("V-020", NOW, NOW + 900)


@pytest.mark.parametrize(("alg", "key"), [("RS256", RSA), ("EdDSA", ED), ("Ed25519", ED)])
async def test_each_allowed_algorithm_works(alg: str, key: Any) -> None:
    token = jwt.encode({"alg": alg, "typ": "at+jwt", "kid": key.kid}, claims(), key, algorithms=[alg])
    assert (await verifier().verify(token)).person == "V-020"


async def test_an_audience_may_be_one_of_several() -> None:
    assert (await verifier().verify(signed(aud=["other", "pulang"]))).person == "V-020"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
async def test_a_token_without_signature_is_refused(alg: str) -> None:
    unsigned = f"{b64(json.dumps({**HEADER, 'alg': alg}).encode())}.{b64(json.dumps(claims()).encode())}."
    assert await refusal(unsigned) == "WRONG_ALGORITHM"


async def test_the_public_key_is_no_secret_to_sign_with() -> None:
    for secret in (HONEST.key.as_pem(private=False), json.dumps(HONEST.key_set()["keys"][0]).encode()):
        signing_input = f"{b64(json.dumps({**HEADER, 'alg': 'HS256'}).encode())}.{b64(json.dumps(claims()).encode())}"
        mac = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()
        assert await refusal(f"{signing_input}.{b64(mac)}") == "WRONG_ALGORITHM"


@pytest.mark.parametrize("alg", ["RS256", "EdDSA"])
async def test_a_key_serves_its_own_algorithm_only(alg: str) -> None:
    assert await refusal(signed({**HEADER, "alg": alg})) == "WRONG_ALGORITHM"


@pytest.mark.parametrize("alg", ["ES384", "PS256", "RS512", "HS512", 5, None, ["ES256"]])
async def test_other_algorithms_are_not_looked_at(alg: Any) -> None:
    assert await refusal(signed({**HEADER, "alg": alg})) == "WRONG_ALGORITHM"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"exp": NOW - 61}, "TOKEN_EXPIRED"),
        ({"exp": 0}, "TOKEN_EXPIRED"),
        ({"exp": None}, "BAD_EXP"),
        ({"exp": str(NOW + 900)}, "BAD_CLAIMS"),
        ({"exp": True}, "BAD_CLAIMS"),
        ({"exp": NOW + 3601}, "LIVES_TOO_LONG"),
        ({"iat": NOW - 2701}, "LIVES_TOO_LONG"),
        ({"exp": 10**400}, "LIVES_TOO_LONG"),
        ({"iat": -(10**400)}, "LIVES_TOO_LONG"),
        ({"iat": -(10**400), "exp": NOW + 0.5}, "LIVES_TOO_LONG"),
        ({"exp": float("inf")}, "BAD_CLAIMS"),
        ({"nbf": NOW + 61}, "BAD_NBF"),
        ({"nbf": "soon"}, "BAD_CLAIMS"),
        ({"iat": NOW + 61}, "BAD_IAT"),
        ({"iat": None}, "BAD_IAT"),
        ({"aud": "another"}, "BAD_AUD"),
        ({"aud": ["another"]}, "BAD_AUD"),
        ({"aud": []}, "BAD_AUD"),
        ({"aud": {"pulang": 1}}, "BAD_AUD"),
        ({"aud": None}, "BAD_AUD"),
        ({"iss": "http://elsewhere.test"}, "BAD_ISS"),
        ({"iss": [URL]}, "BAD_ISS"),
        ({"iss": URL + "/"}, "BAD_ISS"),
        ({"iss": None}, "BAD_ISS"),
        ({"sub": None}, "BAD_SUB"),
        ({"sub": ""}, "BAD_SUB"),
        ({"sub": 20}, "BAD_SUB"),
        ({"person": "V" * 201}, "BAD_CLAIMS"),
        ({"person": ""}, "BAD_CLAIMS"),
        ({"person": ["V-020"]}, "BAD_CLAIMS"),
        ({"person": None}, "BAD_CLAIMS"),
        ({"client_id": None}, "BAD_CLAIMS"),
        ({"client_id": ["pulang-web"]}, "BAD_CLAIMS"),
        ({"client_id": "admin-cli"}, "NOT_A_PERSON"),
        ({"client_id": "partner-lpsk"}, "NOT_A_PERSON"),
    ],
)
async def test_each_claim_is_judged(change: dict[str, Any], code: str) -> None:
    assert await refusal(signed(**change)) == code


async def test_a_partners_client_names_its_agency() -> None:
    found = await verifier().verify_partner(signed(person=None, client_id="partner-lpsk"))
    assert (found.partner, found.client, found.expires_at) == ("LPSK", "partner-lpsk", NOW + 900)


@pytest.mark.parametrize(
    "change",
    [{}, {"client_id": "partner-lpsk"}, {"person": None}, {"person": None, "client_id": "partner-nobody"}],
)
async def test_a_person_cannot_act_as_a_partner_whatever_the_client(change: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused, match="NOT_A_PARTNER"):
        await verifier().verify_partner(signed(**change))


@pytest.mark.parametrize("change", [{"exp": NOW - 61}, {"aud": "another"}, {"iss": "http://elsewhere.test"}])
async def test_a_partners_token_is_judged_as_a_persons_is(change: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        await verifier().verify_partner(signed(person=None, client_id="partner-lpsk", **change))


@pytest.mark.parametrize("change", [{"exp": NOW - 59}, {"nbf": NOW + 59}, {"iat": NOW + 59}])
async def test_clocks_may_differ_by_a_minute(change: dict[str, Any]) -> None:
    assert (await verifier().verify(signed(**change))).person == "V-020"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "dpop+jwt", "", None, 1])
async def test_another_kind_of_token_is_no_access_token(typ: Any) -> None:
    header = {name: value for name, value in {**HEADER, "typ": typ}.items() if value is not None}
    assert await refusal(signed(header)) == "WRONG_TYPE"


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_type_is_spelt_as_the_standard_allows(typ: str) -> None:
    assert (await verifier().verify(signed({**HEADER, "typ": typ}))).person == "V-020"


async def test_of_two_equal_claims_none_counts() -> None:
    doubled = json.dumps(claims())[:-1] + ', "person": "V-021"}'
    assert await refusal(raw_signed(HEADER, doubled.encode())) == "DUPLICATE_CLAIM"
    nested = json.dumps(claims())[:-1] + ', "realm": {"a": 1, "a": 2}}'
    assert await refusal(raw_signed(HEADER, nested.encode())) == "DUPLICATE_CLAIM"
    header = b64(b'{"alg":"none","typ":"at+jwt","kid":"x","alg":"ES256"}')
    assert await refusal(f"{header}.{b64(b'{}')}.x") == "DUPLICATE_CLAIM"


@pytest.mark.parametrize(
    "payload",
    [b"[]", b'"V-020"', b"null", b"", b"\xff", b'{"sub": NaN}', b"[" * 5000, b'{"exp": ' + b"9" * 5000 + b"}"],
)
async def test_claims_are_an_object(payload: bytes) -> None:
    assert await refusal(raw_signed(HEADER, payload)) == "BAD_CLAIMS"


@pytest.mark.parametrize(
    "kid", ["unknown", "../../etc/passwd", "' OR 1=1 --", "http://evil.test/k", "k" * 201, 7, None]
)
async def test_a_key_id_is_a_name_in_our_set_and_nothing_else(kid: Any) -> None:
    assert await refusal(signed({**HEADER, "kid": kid})) == "UNKNOWN_KEY"
    header = {name: value for name, value in HEADER.items() if name != "kid"}
    assert await refusal(signed(header)) == "UNKNOWN_KEY"


@pytest.mark.parametrize("member", ["jku", "jwk", "x5u", "x5c"])
async def test_keys_that_a_token_brings_along_are_ignored(member: str) -> None:
    forger = new_key()
    brought = {
        "jku": "http://evil.test/keys",
        "x5u": "http://evil.test/cert",
        "x5c": ["MIIB"],
        "jwk": forger.as_dict(private=False),
    }[member]
    origin = Origin()
    assert await refusal(signed({**HEADER, member: brought}, forger), origin) == "BAD_SIGNATURE"
    assert origin.fetched == 1


@pytest.mark.parametrize("extra", [{"crit": ["exp"]}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"b64": False}])
async def test_critical_extensions_are_not_understood_and_so_refused(extra: dict[str, Any]) -> None:
    assert await refusal(signed({**HEADER, **extra})) == "CRITICAL_EXTENSION"


async def test_a_changed_letter_breaks_the_signature() -> None:
    header, payload, signature = HONEST.mint("V-020", now_s=NOW).split(".")
    other = b64(json.dumps(claims(person="V-021")).encode())
    assert await refusal(f"{header}.{other}.{signature}") == "BAD_SIGNATURE"
    assert await refusal(f"{header}.{payload}.{signature[:-4]}AAAA") == "BAD_SIGNATURE"
    assert await refusal(f"{header}.{payload}.") == "BAD_SIGNATURE"
    # CVE-2022-21449: a signature of zeros must not verify.
    assert await refusal(f"{header}.{payload}.{b64(bytes(64))}") == "BAD_SIGNATURE"
    assert await refusal(signed(key=new_key())) == "BAD_SIGNATURE"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e", "é.b.c", "%.b.c", "x" * 9000, f"{b64(b'[]')}.b.c"]
)
async def test_what_is_no_token_is_refused_before_any_key_is_fetched(token: str) -> None:
    origin = Origin()
    assert await refusal(token, origin) == "MALFORMED"
    assert origin.fetched == 0


def test_only_strong_public_signing_keys_are_trusted() -> None:
    weak = {"kty": "oct", "kid": "oct", "k": b64(b"secret" * 8)}
    encryption = {**HONEST.key.as_dict(private=False), "kid": "enc", "use": "enc"}
    private = {**HONEST.key.as_dict(private=True), "kid": "private"}
    other_curve = {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "p384"}
    wrong_alg = {**HONEST.key.as_dict(private=False), "kid": "alg", "alg": "ES384"}
    nameless = {name: v for name, v in HONEST.key.as_dict(private=False).items() if name != "kid"}
    broken = {"kty": "EC", "crv": "P-256", "kid": "broken", "x": "AA", "y": "AA"}
    found = read_keys(public_set(weak, encryption, private, other_curve, wrong_alg, nameless, broken))
    assert set(found) == {HONEST.key.kid, "rsa", "ed"}


def test_a_short_rsa_key_is_not_trusted() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    short = {
        "kty": "RSA",
        "kid": "short",
        "n": b64(numbers.n.to_bytes(128, "big")),
        "e": b64(numbers.e.to_bytes(3, "big")),
    }
    assert "short" not in read_keys(public_set(short))


class Ticking:
    """A monotonic clock in a test's hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


async def test_an_unknown_key_asks_the_issuer_once_in_thirty_seconds() -> None:
    origin, clock = Origin(), Ticking()
    source = KeySource(origin.fetch, monotonic=clock)
    for _ in range(20):
        assert await source.key("new") is None
        clock.at += 1
    assert origin.fetched == 2, "for the first copy, and once because it is not there"
    origin.content = public_set({**new_key().as_dict(private=False), "kid": "new"})
    clock.at += 31
    assert await source.key("new") is not None
    assert origin.fetched == 3


async def test_a_new_key_counts_at_once_however_fresh_the_copy_is() -> None:
    origin, clock = Origin(), Ticking()
    source = KeySource(origin.fetch, monotonic=clock)
    await source.check()
    origin.content = public_set({**new_key().as_dict(private=False), "kid": "new"})
    clock.at += 1
    assert await source.key("new") is not None
    assert [await source.key(f"flood-{number}") for number in range(20)] == [None] * 20
    assert origin.fetched == 2


async def test_a_withdrawn_key_stops_counting_at_the_next_refresh() -> None:
    origin, clock = Origin(), Ticking()
    source = KeySource(origin.fetch, monotonic=clock)
    assert await source.key("rsa") is not None
    origin.content = json.dumps(HONEST.key_set()).encode()
    clock.at += 301
    assert await source.key("rsa") is None


async def test_keys_serve_through_an_outage_and_then_fail_closed() -> None:
    origin, clock = Origin(), Ticking()
    source = KeySource(origin.fetch, monotonic=clock)
    await source.key("rsa")
    origin.down = True
    clock.at += 55 * 60
    assert await source.key("rsa") is not None
    clock.at += 6 * 60
    with pytest.raises(Unavailable):
        await source.key("rsa")
    with pytest.raises(Unavailable):
        await source.check()
    origin.down = False
    clock.at += 2
    assert await source.key("rsa") is not None
    await source.check()


async def test_without_any_keys_nobody_is_refused_and_nobody_let_in() -> None:
    origin = Origin()
    origin.down = True
    with pytest.raises(Unavailable):
        await verifier(origin).verify(HONEST.mint("V-020", now_s=NOW))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"keys": 5}', b'{"keys": [5]}'])
async def test_a_broken_key_set_replaces_nothing(content: bytes) -> None:
    origin, clock = Origin(), Ticking()
    source = KeySource(origin.fetch, monotonic=clock)
    await source.key("rsa")
    origin.content = content
    clock.at += 400
    assert await source.key("rsa") is not None
