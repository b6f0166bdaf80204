"""Keyed hashes, sealed tokens, and secrets that are none."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.security.blindindex import BlindIndex
from shared.security.keyring import Ring
from shared.security.opaque import NotOurs, Sealer, derive_key, keyed_hash
from shared.security.secretcheck import SampleSecret, refuse_sample_secrets

SECRET = b"0123456789abcdef0123456789abcdef"  # pragma: allowlist secret
INDEX = BlindIndex(Ring({"1": SECRET.decode()}))


@pytest.mark.parametrize(
    "spelling",
    ["081299990001", "0812-9999-0001", "+62 812 9999 0001", "6281299990001", "006281299990001", "+62 (0)812 9999 0001"],
)
def test_one_number_has_one_hash_however_it_is_written(spelling: str) -> None:
    assert INDEX.of("phone", spelling) == INDEX.of("phone", "081299990001")


@pytest.mark.parametrize("other", ["081299990002", "+60 12 999 0001", "+1 812 9999 0001"])
def test_other_numbers_have_others(other: str) -> None:
    assert INDEX.of("phone", other) != INDEX.of("phone", "081299990001")


def test_a_nik_is_its_digits_and_another_purpose_is_another_hash() -> None:
    assert INDEX.of("nik", "5302 9941 0708 1234") == INDEX.of("nik", "5302994107081234")
    assert INDEX.of("nik", "5302994107081234") != INDEX.of("family_card", "5302994107081234")
    assert INDEX.of("name", "María  BELE ") == INDEX.of("name", "maría bele")


def test_without_the_key_there_is_no_hash() -> None:
    other = BlindIndex(Ring({"1": SECRET.decode()[::-1]}))
    assert other.of("nik", "5302994107081234") != INDEX.of("nik", "5302994107081234")
    with pytest.raises(ValueError, match="32"):
        BlindIndex(Ring({"1": "short"})).of("nik", "5302994107081234")


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_no_two_lists_of_parts_share_a_hash(first: list[bytes], second: list[bytes]) -> None:
    key = derive_key(SECRET, "test")
    assert (keyed_hash(key, *first) == keyed_hash(key, *second)) == (first == second)


@given(st.text(max_size=200), st.text(max_size=20))
def test_a_sealed_text_comes_back_and_never_looks_the_same(text: str, context: str) -> None:
    sealer = Sealer(SECRET, "cursor")
    token = sealer.seal(text, context)
    assert sealer.open(token, context) == text
    assert token != sealer.seal(text, context)
    assert token.isascii()


@given(st.text(max_size=60))
def test_what_we_did_not_make_does_not_open(token: str) -> None:
    with pytest.raises(NotOurs):
        Sealer(SECRET, "cursor").open(token)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_does_not_open(place: int, change: int) -> None:
    import base64

    sealer = Sealer(SECRET, "cursor")
    token = sealer.seal("text")
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place % len(raw)] ^= change
    with pytest.raises(NotOurs):
        sealer.open(base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


def test_a_token_is_good_for_its_purpose_and_context_only() -> None:
    token = Sealer(SECRET, "cursor").seal("text", "V-020")
    for sealer, context in ((Sealer(SECRET, "position"), "V-020"), (Sealer(SECRET, "cursor"), "V-021")):
        with pytest.raises(NotOurs):
            sealer.open(token, context)


@pytest.mark.parametrize("bad", ["", "tiny", "a" * 64, "sample-" + "x1y2z3w4" * 4, "CHANGEME" + "x1y2z3w4" * 4])
def test_a_service_does_not_start_with_a_secret_that_is_none(bad: str) -> None:
    with pytest.raises(SampleSecret) as refused:
        refuse_sample_secrets({"secret": bad}, local=False)
    assert "secret" in str(refused.value)
    assert not bad or bad not in str(refused.value)
    refuse_sample_secrets({"secret": bad}, local=True)


def test_a_random_secret_will_do_unless_it_is_a_known_sample() -> None:
    secret = secrets.token_hex(32)
    refuse_sample_secrets({"secret": secret}, local=False)
    with pytest.raises(SampleSecret):
        refuse_sample_secrets({"secret": secret}, local=False, samples=[secret])
