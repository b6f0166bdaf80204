"""What a whole platform on one machine looks like: its ports, folders, and the settings of each process."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.sign_in import SignIn, development

SERVICES = ("intake", "cases", "notify")
ROLES = ("api", "worker", "relay", "clock")
"""Each a process of its own."""

ISSUER, MAILBOX = "issuer", "mailbox"


def _take_ports() -> Mapping[str, int]:
    names = [ISSUER, MAILBOX, *(process_name(*which) for which in itertools.product(SERVICES, ROLES))]
    return dict(zip(names, free_ports(len(names)), strict=True))


def process_name(service: str, role: str) -> str:
    """How a process is called in messages and log files: `cases-worker`."""
    return f"{service}-{role}"


@dataclass(frozen=True)
class Plan:
    """One platform on a stack that is up.

    `prefix` stands before the names of its databases and topics, so that several platforms can share the servers;
    `folder` holds everything else that it writes.
    """

    mongo_uri: str
    kafka_bootstrap: str
    folder: Path
    prefix: str = ""
    ports: Mapping[str, int] = field(default_factory=_take_ports)
    provider: SignIn | None = None
    """An identity provider that is there already; otherwise the platform has a development issuer of its own."""

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.folder / "logs"

    @property
    def mail(self) -> Path:
        """One file for each mail that was sent."""
        return self.folder / "mail"

    @property
    def audit(self) -> Path:
        """Copies of the audit's checkpoints."""
        return self.folder / "audit"

    @property
    def clock_file(self) -> Path:
        """Seconds that the platform's clock is ahead of the machine's (behind it, if negative)."""
        return self.folder / "clock-offset"

    @property
    def sign_in(self) -> SignIn:
        """Where people sign in."""
        return self.provider or development(self.url(ISSUER))

    def url(self, process: str) -> str:
        """Base URL of a process."""
        return f"http://{LOOPBACK}:{self.ports[process]}"

    def api(self, service: str) -> str:
        """Base URL of a service's interface."""
        return self.url(process_name(service, "api"))

    def environment(self, service: str, role: str | None = None) -> Mapping[str, str]:
        """A service's settings; without a role those of the operator's commands."""
        settings = self._common(service) | self._own(service)
        if role:
            settings["http_port"] = str(self.ports[process_name(service, role)])
        return {f"PULANG_{service.upper()}_{name.upper()}": value for name, value in settings.items()}

    def _common(self, service: str) -> dict[str, str]:
        return {
            "local": "true",
            "mongo_uri": self.mongo_uri,
            "mongo_database": f"{self.prefix}pulang_{service}",
            "kafka_bootstrap": self.kafka_bootstrap,
            "topic_prefix": self.prefix,
            "http_host": LOOPBACK,
            "issuer": self.sign_in.issuer,
            "jwks_url": self.sign_in.jwks_url,
            "consumer_session_timeout_s": "6",
            "clock_offset_file": str(self.clock_file),
            "audit_folder": str(self.audit),
        }

    def _own(self, service: str) -> dict[str, str]:
        if service == "intake":
            return {"suspects_database": f"{self.prefix}pulang_intake_suspects"}
        if service == "notify":
            mail = {"mail_host": LOOPBACK, "mail_port": str(self.ports[MAILBOX]), "mail_tls": "none"}
            return mail | {"public_url": self.api("notify")}
        return {}
