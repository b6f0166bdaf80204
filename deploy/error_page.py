"""`docs/errors.md`: every stable code, with its status and what it means, out of the code that raises it."""

from collections.abc import Iterable, Iterator, Mapping

from deploy.codes import ROOMS, Raised
from shared.events.reasons import Reason
from shared.http.titles import BY_CODE, BY_STATUS, Titles

HEAD = """# What is refused, and by which code

Made from the sources and their titles. A refusal over HTTP is `application/problem+json`: `code` says what, `errors`
names each wrong field by a JSON pointer and a code of its own. Programs go by codes, which are never renamed within
`/v1`; people read titles in their language. Values are never repeated. A code under 404 is shown as `NOT_FOUND`, since
what is hidden and what is absent look alike; it stands by itself where an event waits for what it names.

| code | status | by | Bahasa Indonesia | English |
|---|---|---|---|---|
"""
MESSAGES = """
## Messages that are none

Why a record on a topic is refused: in dead letters, in quarantine and in receipts.

| code | meaning |
|---|---|
"""


def error_page(found: Iterable[Raised], titles: Mapping[str, Titles]) -> str:
    """The page for these codes; `titles` are each service's own."""
    rows = "".join(f"| {' | '.join(row)} |\n" for row in _rows(found, titles))
    return HEAD + rows + MESSAGES + "".join(f"| `{reason}` | {reason.meaning} |\n" for reason in Reason)


def _rows(found: Iterable[Raised], titles: Mapping[str, Titles]) -> Iterator[tuple[str, ...]]:
    merged: dict[tuple[str, tuple[str, str]], list[Raised]] = {}
    for each in sorted(found):
        merged.setdefault((each.code, meaning(each, titles)), []).append(each)
    for (code, words), raised in sorted(merged.items()):
        statuses = ", ".join(sorted({str(each.status) for each in raised}))
        rooms = [room for room in ROOMS if any(each.room == room for each in raised)]
        yield f"`{code}`", statuses, ", ".join(rooms), *words


def meaning(raised: Raised, titles: Mapping[str, Titles]) -> tuple[str, str]:
    """What it means, in Indonesian and English; raises LookupError where no `titles.py` says."""
    own = titles.get(raised.room, {})
    if raised.code in own:
        return own[raised.code]
    if raised.code in BY_CODE:
        return BY_CODE[raised.code]
    if raised.code not in Reason.__members__:
        raise LookupError(f"{raised.code}, raised in {raised.room}, has no words in its titles.py")
    return BY_STATUS[400][0], Reason[raised.code].meaning
