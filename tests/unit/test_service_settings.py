"""A service refuses to start with what only a developer's machine may have, and does not print it."""

import base64
import re
import secrets
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from deploy.operator import Operator
from shared.service.settings import SAMPLE_MASTER_KEY, SAMPLE_SECRET, ServiceSettings

GOOD = {
    "secret": secrets.token_hex(32),
    "positions_secret": secrets.token_hex(32),
    "master_key": base64.b64encode(secrets.token_bytes(96)).decode(),
    "issuer": "https://sign-in.example",
    "jwks_url": "https://sign-in.example/jwks",
    "kafka_bootstrap": "kafka-1.example:9093,kafka-2.example:9093",
    "kafka_username": "cases-worker",
    "kafka_password": secrets.token_hex(32),
    "kafka_ca_file": "authority.pem",
    "mongo_uri": "mongodb://mongo-1.example,mongo-2.example/?replicaSet=pulang",
    "mongo_username": "cases",
    "mongo_password": secrets.token_hex(32),
    "mongo_ca_file": "authority.pem",
}
SHOWN = ("cases", "cases-worker", "authority.pem")
"""Values that are words of the messages."""


WITHOUT_NAME = {"clock_offset_file", "crash_at", "issuer", "jwks_url"}
"""What the message tells in words."""


def settings(**changes: object) -> ServiceSettings:
    """Settings of a real place, with changes."""
    return ServiceSettings.model_validate({"mongo_database": "cases", **GOOD, **changes})


def test_random_secrets_will_do() -> None:
    assert settings().secret == SecretStr(GOOD["secret"])


@pytest.mark.parametrize(
    "change",
    [
        {"secret": SAMPLE_SECRET},
        {"positions_secret": SAMPLE_SECRET},
        {"master_key": SAMPLE_MASTER_KEY},
        {"secret": "real-but-short"},  # pragma: allowlist secret
        {"clock_offset_file": Path("offset")},
        {"crash_at": "after_save"},
        {"issuer": "http://127.0.0.1:8089"},
        {"jwks_url": "http://127.0.0.1:8089/jwks"},
        {"kafka_ca_file": None},
        {"kafka_username": None},
        {"kafka_password": None},
        {"kafka_bootstrap": "cases:hidden-pass@kafka.example:9093"},  # pragma: allowlist secret
        {"mongo_ca_file": None},
        {"mongo_username": None},
        {"mongo_password": None},
        {"mongo_uri": "mongodb://cases:hidden-pass@mongo.example/?replicaSet=pulang"},  # pragma: allowlist secret
        {"mongo_uri": "mongodb://mongo.example/?replicaSet=pulang&tlsAllowInvalidCertificates=true"},
        {"mongo_uri": "mongodb://mongo.example/?TLSInsecure=true"},
        {"mongo_uri": "mongodb://mongo.example/?tls=false"},
        {"kafka_password": "password-of-kafka-0123456789"},  # pragma: allowlist secret
        {"kafka_password": "too-short"},  # pragma: allowlist secret
        {"mongo_password": "changeme-changeme-changeme"},  # pragma: allowlist secret
        {"mongo_password": SAMPLE_SECRET},
    ],
)
def test_samples_short_secrets_and_time_travel_are_for_local_mode(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**change)
    values = {str(value) for value in (*change.values(), *GOOD.values())} - {*SHOWN, "None"}
    assert not any(value in str(refused.value) for value in values)
    assert set(change) <= set(re.findall(r"\w+", str(refused.value))) | WITHOUT_NAME
    assert settings(local=True, **change)


def test_plain_sign_in_is_taken_where_the_operator_says_so() -> None:
    assert settings(plain_sign_in=True, jwks_url="http://keycloak:8080/certs").plain_sign_in


SERVICES = ("intake", "cases", "notify")


@pytest.mark.parametrize("service", SERVICES)
def test_every_secret_that_a_service_may_be_given_is_looked_at(service: str) -> None:
    kind = import_module(f"services.{service}.settings").Settings
    known = [name for name, field in kind.model_fields.items() if "SecretStr" in str(field.annotation)]
    assert {*kind.secrets, "kafka_password", "mongo_password"} <= set(known)
    for name in known:
        given = {**GOOD, "index_key": secrets.token_hex(32), "erasure_ledger": "ledger", name: "changeme" * 12}
        given = {field: value for field, value in given.items() if field in kind.model_fields}
        with pytest.raises((ValidationError, ValueError), match=name):
            kind(**given)


@pytest.mark.parametrize(
    ("changes", "open_"),
    [
        ({}, False),
        (
            {
                "kafka_bootstrap": "operator:pw@127.0.0.1:9092",
                "mongo_uri": "mongodb://a:pw@localhost:27017/?x=y",  # pragma: allowlist secret
            },
            False,
        ),
        ({"kafka_bootstrap": "kafka.example:9092"}, True),
        ({"kafka_bootstrap": "127.0.0.1:9092,kafka.example:9092"}, True),
        ({"kafka_bootstrap": "kafka.example:9093", "kafka_ca_file": "authority.pem"}, False),
        ({"mongo_uri": "mongodb://127.0.0.1:27017,10.0.0.7:27017/"}, True),
        ({"mongo_uri": "mongodb+srv://mongo.example/"}, True),
        ({"mongo_uri": "mongodb://mongo.example/?tlsInsecure=true", "mongo_ca_file": "authority.pem"}, True),
        ({"mongo_uri": "mongodb://mongo.example/", "mongo_ca_file": "authority.pem"}, False),
    ],
)
def test_an_administrators_password_crosses_no_network_in_the_clear(changes: dict[str, str], open_: bool) -> None:
    if not open_:
        assert Operator(**changes)
        return
    with pytest.raises(ValidationError) as refused:
        Operator(**changes)
    assert ".example" not in str(refused.value)
