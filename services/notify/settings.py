"""Notify's settings, from `PULANG_NOTIFY_…`."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from services.notify.domain.address_book import Email
from shared.service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Beyond what every service needs: the mail server, and the address under which people reach the platform."""

    model_config = SettingsConfigDict(env_prefix="PULANG_NOTIFY_")

    mongo_database: str = "pulang_notify"

    public_url: Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.:-]+$")] = "http://127.0.0.1:8000"
    """Messages link there; what the link shows needs a sign-in."""
    mail_host: str = "127.0.0.1"
    mail_port: int = Field(default=2525, ge=1, le=65535)
    mail_tls: Literal["none", "starttls", "implicit"] = "starttls"
    mail_username: str | None = None
    mail_password: SecretStr | None = None
    mail_sender: Email = "pulang@localhost"
    """Also where bounces go."""
    mail_reply_to: Email | None = None
    mail_step_s: float = Field(default=20.0, gt=0, le=300)
    """Bounds the way to the server, and again the message; a claim holds three times as long."""
    mails_at_once: int = Field(default=8, ge=1, le=64)

    @model_validator(mode="after")
    def _sealed(self) -> Self:
        """References and case numbers do not cross a network in the clear."""
        if self.mail_tls == "none" and not self.local:
            raise ValueError("mail without TLS outside local mode")
        return self
