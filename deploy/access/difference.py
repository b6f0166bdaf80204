"""How what is there differs from what the file says."""

from collections.abc import Iterable
from dataclasses import dataclass

NEW_ACCOUNT = "account"


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing too few (`found` is empty) or too many (`wanted` is empty) at `server`, about one account.

    `known` tells whether the file names the account at all; what it does not name is left alone unless revoked.
    """

    server: str
    account: str
    what: str
    wanted: str = ""
    found: str = ""
    known: bool = True


def differences(
    server: str, account: str, what: str, wanted: Iterable[object], found: Iterable[object], *, known: bool = True
) -> list[Difference]:
    """What is missing, then what is too much, each in order."""
    should, does = {str(each) for each in wanted}, {str(each) for each in found}
    return [Difference(server, account, what, wanted=each, known=known) for each in sorted(should - does)] + [
        Difference(server, account, what, found=each, known=known) for each in sorted(does - should)
    ]
