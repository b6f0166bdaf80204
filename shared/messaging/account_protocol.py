"""The requests about accounts and quotas that aiokafka does not speak, in its own terms.

Each in the one version that every broker since 2.7 takes (KIP-546 for quotas, KIP-554 for SCRAM accounts).
"""

from dataclasses import dataclass

from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.types import (
    Array,
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Float64,
    Int8,
    Int16,
    Int32,
    Schema,
    String,
    TaggedFields,
)

TEXT, COMPACT, TAGS = String("utf-8"), CompactString("utf-8"), ("tags", TaggedFields)
ENTITY = ("entity", Array(("entity_type", TEXT), ("entity_name", TEXT)))


@dataclass(frozen=True, slots=True)
class Exactly:
    """A request in the one version that we speak; raises IncompatibleBrokerVersion where the broker does not."""

    struct: RequestStruct

    def prepare(self, versions: dict[int, tuple[int, int]]) -> RequestStruct:
        """What aiokafka asks a request for, once it knows the broker's versions by API key."""
        lowest, highest = versions.get(self.struct.API_KEY, (0, -1))
        if not lowest <= self.struct.API_VERSION <= highest:
            raise IncompatibleBrokerVersion(type(self.struct).__name__)
        return self.struct


class DescribeClientQuotasResponse(Response):
    """Which quotas there are."""

    API_KEY = 48
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", TEXT),
        ("entries", Array(ENTITY, ("values", Array(("key", TEXT), ("value", Float64))))),
    )


class DescribeClientQuotas(RequestStruct):
    """Components of (type, match type, name): 2 matches every named one."""

    API_KEY = 48
    API_VERSION = 0
    RESPONSE_TYPE = DescribeClientQuotasResponse
    SCHEMA = Schema(
        ("components", Array(("entity_type", TEXT), ("match_type", Int8), ("match", TEXT))),
        ("strict", Boolean),
    )


class AlterClientQuotasResponse(Response):
    """What became of each entity."""

    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", TEXT), ENTITY)),
    )


class AlterClientQuotas(RequestStruct):
    """Set or remove values of entities."""

    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = AlterClientQuotasResponse
    SCHEMA = Schema(
        ("entries", Array(ENTITY, ("ops", Array(("key", TEXT), ("value", Float64), ("remove", Boolean))))),
        ("validate_only", Boolean),
    )


class DescribeUserScramCredentialsResponse(Response):
    """Which accounts there are; never a password."""

    API_KEY = 50
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", COMPACT),
        (
            "results",
            CompactArray(
                ("user", COMPACT),
                ("error_code", Int16),
                ("error_message", COMPACT),
                ("credential_infos", CompactArray(("mechanism", Int8), ("iterations", Int32), TAGS)),
                TAGS,
            ),
        ),
        TAGS,
    )


class DescribeUserScramCredentials(RequestStruct):
    """`users` None asks for all."""

    API_KEY = 50
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = DescribeUserScramCredentialsResponse
    SCHEMA = Schema(("users", CompactArray(("name", COMPACT), TAGS)), TAGS)


class AlterUserScramCredentialsResponse(Response):
    """What became of each account."""

    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("results", CompactArray(("user", COMPACT), ("error_code", Int16), ("error_message", COMPACT), TAGS)),
        TAGS,
    )


class AlterUserScramCredentials(RequestStruct):
    """Delete and set accounts. The broker gets the salted password, which cannot be turned back."""

    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = AlterUserScramCredentialsResponse
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", COMPACT), ("mechanism", Int8), TAGS)),
        (
            "upsertions",
            CompactArray(
                ("name", COMPACT),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                TAGS,
            ),
        ),
        TAGS,
    )
