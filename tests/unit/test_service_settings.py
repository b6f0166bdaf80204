"""A service refuses to start with what only a developer's machine may have, and does not print it."""

import base64
import secrets
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from shared.service.settings import SAMPLE_MASTER_KEY, SAMPLE_SECRET, ServiceSettings

GOOD = {
    "secret": secrets.token_hex(32),
    "positions_secret": secrets.token_hex(32),
    "master_key": base64.b64encode(secrets.token_bytes(96)).decode(),
    "issuer": "https://sign-in.example",
    "jwks_url": "https://sign-in.example/jwks",
}


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
    ],
)
def test_samples_short_secrets_and_time_travel_are_for_local_mode(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**change)
    assert not any(str(value) in str(refused.value) for value in (*change.values(), *GOOD.values()))
    assert settings(local=True, **change)


def test_plain_sign_in_is_taken_where_the_operator_says_so() -> None:
    assert settings(plain_sign_in=True, jwks_url="http://keycloak:8080/certs").plain_sign_in
