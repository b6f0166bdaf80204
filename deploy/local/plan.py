"""What a whole platform on one machine looks like: its ports, folders, and the settings of each process."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.access.passwords import Passwords
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.sign_in import SignIn, development
from shared.messaging.settings import Kafka

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

    The addresses are the administrators' own, and each process gets an account of its own; where they carry none, the
    servers have no access control and everybody comes as nobody. `prefix` stands before the names of databases,
    topics and accounts, so that several platforms can share the servers; `folder` holds everything else that it writes.
    """

    mongo_uri: str
    kafka_bootstrap: str
    folder: Path
    prefix: str = ""
    partners_bootstrap: str = ""
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

    def ring(self, service: str, name: str) -> Path:
        """The file of a service's key ring: `master_key`, or intake's `index_key`."""
        return self.folder / "keys" / f"{service}-{name}"

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

    @property
    def guarded(self) -> bool:
        """Whether the servers let in only who has an account."""
        return "@" in self.kafka_bootstrap

    @property
    def passwords(self) -> Passwords:
        """Of all accounts of this platform."""
        return Passwords(self.folder / "accounts")

    def partner(self, name: str) -> str:
        """The brokers' address as a partner has it."""
        if not self.guarded:
            return self.kafka_bootstrap
        brokers = self.partners_bootstrap or Kafka(self.kafka_bootstrap).brokers
        return f"{self.prefix}{name}:{self.passwords.of(f'kafka-{name}')}@{brokers}"

    def operator(self) -> Mapping[str, str]:
        """Settings of the operator's commands."""
        settings = {
            "mongo_uri": self.mongo_uri,
            "kafka_bootstrap": self.kafka_bootstrap,
            "topic_prefix": self.prefix,
            "passwords": str(self.passwords.folder),
        }
        return {f"PULANG_OPERATOR_{name.upper()}": value for name, value in settings.items()}

    def environment(self, service: str, role: str | None = None) -> Mapping[str, str]:
        """A service's settings; without a role those of the operator's commands."""
        settings = self._common(service) | self._own(service) | (self._accounts(service, role) if self.guarded else {})
        if role:
            settings["http_port"] = str(self.ports[process_name(service, role)])
        return {f"PULANG_{service.upper()}_{name.upper()}": value for name, value in settings.items()}

    def _common(self, service: str) -> dict[str, str]:
        return {
            "local": "true",
            "mongo_uri": re.sub("//[^/@]*@", "//", self.mongo_uri),
            "mongo_database": f"{self.prefix}pulang_{service}",
            "kafka_bootstrap": Kafka(self.kafka_bootstrap).brokers,
            "topic_prefix": self.prefix,
            "http_host": LOOPBACK,
            "issuer": self.sign_in.issuer,
            "jwks_url": self.sign_in.jwks_url,
            "consumer_session_timeout_s": "6",
            "clock_offset_file": str(self.clock_file),
            "audit_folder": str(self.audit),
            "master_key_file": str(self.ring(service, "master_key")),
        }

    def _accounts(self, service: str, role: str | None) -> dict[str, str]:
        """A process's accounts, by the names in `deploy/access.yaml`; the operator's commands have the service's."""
        settings = self._account("mongo", "mongo", f"{service}-clock" if role == "clock" else service)
        if role in ("relay", "worker"):
            settings |= self._account("kafka", "kafka", f"{service}-{role}")
        if (service, role) == ("intake", "worker"):
            settings |= self._account("suspects", "mongo", "intake-suspects")
        return settings

    def _account(self, setting: str, server: str, name: str) -> dict[str, str]:
        file = self.passwords.file(f"{server}-{name}")
        return {f"{setting}_username": self.prefix + name, f"{setting}_password_file": str(file)}

    def _own(self, service: str) -> dict[str, str]:
        if service == "intake":
            ledger = str(self.folder / "erasures.jsonl")
            own = {"suspects_database": f"{self.prefix}pulang_suspects", "erasure_ledger": ledger}
            return own | {"index_key_file": str(self.ring(service, "index_key"))}
        if service == "notify":
            mail = {"mail_host": LOOPBACK, "mail_port": str(self.ports[MAILBOX]), "mail_tls": "none"}
            return mail | {"public_url": self.api("notify")}
        return {}
