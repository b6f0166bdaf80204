"""The ways by which a notice can reach an office."""

from enum import StrEnum


class Channel(StrEnum):
    """`IN_APP` is the office's inbox, read after sign-in; `EMAIL` goes to the addresses in its address book."""

    IN_APP = "IN_APP"
    EMAIL = "EMAIL"
