"""How a process reaches Kafka and MongoDB: addresses, its own account at each, and TLS."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.messaging.settings import Kafka, account_options
from shared.mongo.client import Mongo
from shared.service.file_secrets import FileSecrets, SecretFileRefused

C = TypeVar("C", bound="Connections")


class Connections(BaseSettings):
    """Settings of every process that connects. A secret `X` may stand in a file instead, named by `X_FILE`.

    Without an account the connection is anonymous, which only a server without access control takes. With a CA file
    the connection is encrypted and the server has to prove who it is.
    """

    # Inputs stay out of error messages: a setting that is refused at start may be a secret.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    mongo_uri: str = "mongodb://127.0.0.1:27017/?replicaSet=pulang"
    mongo_username: str | None = None
    mongo_password: SecretStr | None = None
    mongo_ca_file: Path | None = None

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    topic_prefix: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code, then the environment, then the files that it names."""
        return (init_settings, env_settings, FileSecrets(settings_cls))

    def kafka(self) -> Kafka:
        """The cluster under this process's own principal."""
        trust = ssl.create_default_context(cafile=str(self.kafka_ca_file)) if self.kafka_ca_file else None
        options = account_options(self.kafka_username, _plain(self.kafka_password), trust)
        return Kafka(self.kafka_bootstrap, self.topic_prefix, options)

    def mongo(self, database: str, databases: Mapping[str, str] | None = None) -> Mongo:
        """A connection under this process's own user; `databases` as in `Mongo`."""
        return Mongo(self.mongo_uri, database, databases or {}, options=self.mongo_options())

    def mongo_options(self) -> Mapping[str, Any]:
        """What the driver is told beyond the address."""
        return mongo_account(self.mongo_username, self.mongo_password, self.mongo_ca_file)


class SettingsRefused(ValueError):
    """A setting is missing or wrong. One line: names of settings and what is wrong with them, never a value."""


def read_settings(kind: type[C]) -> C:
    """The settings as the environment has them; raises SettingsRefused."""
    try:
        return kind()
    except SecretFileRefused as error:
        raise SettingsRefused(str(error)) from None
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        raise SettingsRefused("; ".join(_told(prefix, fault["loc"], fault["msg"]) for fault in faults)) from None


def _told(prefix: str, where: tuple[Any, ...], wrong: str) -> str:
    name = f"{prefix}{where[0]}: ".upper() if where else ""
    return f"{name}{wrong}".replace("\n", " ")


def mongo_account(username: str | None, password: SecretStr | None, ca_file: Path | None) -> Mapping[str, Any]:
    """The driver's options for a user (all of ours live in `admin`) and for TLS."""
    account = {"username": username, "password": _plain(password), "authSource": "admin"} if username else {}
    return account | ({"tls": True, "tlsCAFile": str(ca_file)} if ca_file else {})


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
