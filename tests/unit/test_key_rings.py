"""Key rings and their offline copies: what opens them, and what does not."""

import base64
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.security.blindindex import BlindIndex
from shared.security.ceremony import BadCopy, Part, join, split
from shared.security.keyring import Ring, read_ring
from shared.service.settings import ServiceSettings

AT = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
SECRETS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789+/=", min_size=32, max_size=140)
RINGS = st.dictionaries(st.from_regex(r"[A-Za-z0-9_]{1,8}", fullmatch=True), SECRETS, min_size=1, max_size=4).map(Ring)


@given(RINGS)
def test_a_ring_reads_what_it_writes_in_its_order(ring: Ring) -> None:
    assert list(ring.secrets.items()) == list(read_ring(ring.text()).secrets.items())


def test_a_secret_that_stands_alone_is_the_first_version() -> None:
    assert read_ring("abcdefgh\n") == Ring({"1": "abcdefgh"})


@pytest.mark.parametrize("text", ["", "  \n", "a:one a:two", "1:one two", "bad-name:x", "a:"])
def test_a_ring_that_can_be_read_in_two_ways_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="key ring") as refused:
        read_ring(text)
    assert "two" not in str(refused.value)


def test_a_ring_prints_its_versions_alone() -> None:
    assert repr(Ring({"b": "secret-b", "a": "secret-a"})) == "Ring(b, a)"


def test_during_a_rotation_a_value_is_found_under_both_keys() -> None:
    old, new = secrets.token_hex(32), secrets.token_hex(32)
    before, during = BlindIndex(Ring({"a": old})), BlindIndex(Ring({"b": new, "a": old}))
    stored = before.of("phone", "0812 9999 0001")
    assert stored in during.any_of("phone", "+62 812-9999-0001")
    assert during.of("phone", "081299990001") in during.any_of("phone", "081299990001")
    assert stored not in BlindIndex(Ring({"b": new})).any_of("phone", "081299990001")


@given(RINGS, RINGS)
def test_two_parts_give_the_rings_back(master: Ring, index: Ring) -> None:
    ours, theirs = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    first, second = two_parts(ours, theirs, {"master_key": master, "index_key": index})
    for parts in ([(first, ours), (second, theirs)], [(second, theirs), (first, ours)]):
        assert {"master_key": master, "index_key": index} == join(parts)


def two_parts(ours: X25519PrivateKey, theirs: X25519PrivateKey, rings: dict[str, Ring]) -> tuple[Part, ...]:
    """A copy by two agencies."""
    return split("intake", rings, {"UPTD_PPA": ours.public_key(), "LPSK": theirs.public_key()}, AT)


def test_one_part_with_both_keys_opens_nothing() -> None:
    ours, theirs = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    rings = {"master_key": Ring({"1": secrets.token_hex(48)})}
    first, second = two_parts(ours, theirs, rings)
    other, _ = two_parts(ours, theirs, rings)
    renamed = second.model_copy(update={"agency": "POLRI"})
    longer = second.model_copy(update={"sealed": base64.b64encode(os.urandom(80)).decode()})
    for parts in (
        [(first, ours)],
        [(first, ours), (first, ours)],
        [(first, ours), (second, ours)],
        [(other, ours), (second, theirs)],
        [(first, ours), (renamed, theirs)],
        [(first, ours), (longer, theirs)],
    ):
        with pytest.raises(BadCopy):
            join(parts)


def test_a_copy_whose_fingerprints_were_changed_is_refused() -> None:
    ours, theirs = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    first, second = two_parts(ours, theirs, {"master_key": Ring({"1": secrets.token_hex(48)})})
    forged = first.model_copy(update={"fingerprints": {"master_key": {"1": "000000000000"}}})
    with pytest.raises(BadCopy):
        join([(forged, ours), (second, theirs)])


def test_a_part_shows_nothing_of_the_keys() -> None:
    ours, theirs = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    secret = secrets.token_hex(48)
    for part in two_parts(ours, theirs, {"master_key": Ring({"1": secret})}):
        assert secret not in part.model_dump_json()


def test_a_ring_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "master"
    place.write_text(f"b:{'B' * 128}\na:{'A' * 128}\n")
    place.chmod(0o600)
    monkeypatch.setenv("MASTER_KEY_FILE", str(place))
    settings = ServiceSettings(mongo_database="x", local=True)
    assert settings.master_keys is not None
    assert list(settings.master_keys.secrets) == ["b", "a"]
