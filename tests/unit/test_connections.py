"""Each process signs in under its own account, and its passwords may stand in files that are its own alone."""

from pathlib import Path
from ssl import CERT_REQUIRED

import certifi
import pytest
from pydantic import SecretStr

from services.cases.settings import Settings
from shared.messaging.settings import Kafka
from shared.service.file_secrets import SecretFileRefused


@pytest.fixture
def password_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that a setting names."""
    file = tmp_path / "password"
    file.write_text("from-a-file\n")
    file.chmod(0o600)
    monkeypatch.setenv("PULANG_CASES_KAFKA_PASSWORD_FILE", str(file))
    return file


def test_a_secret_is_read_from_the_file_that_is_named(password_file: Path) -> None:
    assert Settings(local=True).kafka_password == SecretStr("from-a-file")


def test_what_the_environment_says_itself_goes_before_a_file(
    password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULANG_CASES_KAFKA_PASSWORD", "said")
    assert Settings(local=True).kafka_password == SecretStr("said")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_a_secret_file_that_others_may_touch_is_refused(password_file: Path, mode: int) -> None:
    password_file.chmod(mode)
    with pytest.raises(SecretFileRefused, match="KAFKA_PASSWORD_FILE") as refused:
        Settings(local=True)
    assert "from-a-file" not in str(refused.value)


def test_a_secret_file_that_is_missing_is_refused(password_file: Path) -> None:
    password_file.unlink()
    with pytest.raises(SecretFileRefused, match="cannot be read"):
        Settings(local=True)


def test_a_file_stands_for_secrets_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULANG_CASES_AUDIENCE_FILE", str(tmp_path / "missing"))
    assert Settings(local=True).audience == "pulang"


def test_an_account_signs_in_with_scram_and_never_shows_its_password() -> None:
    settings = Settings(local=True, kafka_username="cases-relay", kafka_password=SecretStr("p"), mongo_username="cases")
    signed_in = settings.kafka().client()
    assert (signed_in["sasl_mechanism"], signed_in["security_protocol"]) == ("SCRAM-SHA-512", "SASL_PLAINTEXT")
    assert (signed_in["sasl_plain_username"], signed_in["sasl_plain_password"]) == ("cases-relay", "p")
    assert settings.mongo_options()["authSource"] == "admin"
    assert "'p'" not in repr(settings)


def test_a_ca_file_turns_on_tls() -> None:
    settings = Settings(
        local=True, kafka_username="u", kafka_password=SecretStr("p"), kafka_ca_file=Path(certifi.where())
    )
    client = settings.kafka().client()
    assert client["security_protocol"] == "SASL_SSL"
    assert (client["ssl_context"].verify_mode, client["ssl_context"].check_hostname) == (CERT_REQUIRED, True)
    assert Settings(local=True, mongo_ca_file=Path("ca.pem")).mongo_options() == {"tls": True, "tlsCAFile": "ca.pem"}


def test_an_address_may_carry_the_account_and_is_shown_without_it() -> None:
    kafka = Kafka("operator:se:cret@127.0.0.1:1,127.0.0.1:2")
    assert "127.0.0.1:1,127.0.0.1:2" == kafka.client()["bootstrap_servers"] == kafka.brokers
    assert (kafka.client()["sasl_plain_username"], kafka.client()["sasl_plain_password"]) == ("operator", "se:cret")
    assert "sasl_mechanism" not in Kafka("127.0.0.1:1").client()
