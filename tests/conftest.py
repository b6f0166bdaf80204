"""Fixtures that every test may ask for."""

from tests.stack import kafka_bootstrap, mongo_uri, stack, unique

__all__ = ["kafka_bootstrap", "mongo_uri", "stack", "unique"]
