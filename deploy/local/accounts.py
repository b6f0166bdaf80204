"""The accounts that a stack begins with: its two administrators, and the nodes among themselves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.access.passwords import Passwords
from deploy.local.errors import LocalStackError

FOLDER = "accounts"


@dataclass(frozen=True)
class StackAccounts:
    """Random passwords of one data folder, made once and kept with the data that they belong to (mode 0600)."""

    mongo_admin: str
    mongo_key: Path
    kafka_operator: str
    kafka_cluster: str

    @classmethod
    def of(cls, data: Path) -> Self:
        """A data folder's accounts; raises LocalStackError where the data have none and would let nobody in."""
        passwords = Passwords(data.absolute() / FOLDER)
        if not passwords.folder.exists() and any(data.glob("kafka-*/log/meta.properties")):
            raise LocalStackError(
                f"The data in {data} were made without accounts: `pulang local down --discard` first."
            )
        passwords.of("mongo.key")  # by which the nodes of the set know each other
        return cls(
            mongo_admin=passwords.of("mongo-admin"),
            mongo_key=passwords.file("mongo.key"),
            kafka_operator=passwords.of("kafka-operator"),
            kafka_cluster=passwords.of("kafka-cluster"),
        )
