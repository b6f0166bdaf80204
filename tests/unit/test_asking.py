"""What is opened to somebody for a time, as policies see it: exact to the moment, the purpose and the class."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.events.staff_v1 import AccessPublished, OpenedAccess
from shared.kernel.context import Actor, Opening
from shared.security.access import Access, openings_of, projection
from shared.security.policy.asking import Asking
from tests.support.pure import NOW, World, event

TICK = timedelta(milliseconds=1)
OPENING = Opening(frozenset({"case-1", "V-020"}), frozenset({"C1", "C3"}), NOW, NOW + timedelta(minutes=15), "CASEWORK")
SETS = ("granted", "granted_profile", "granted_identity", "granted_sensitive", "emergency")


def asked(
    opening: Opening = OPENING, *, after: timedelta = timedelta(), purpose: str = "CASEWORK"
) -> dict[str, object]:
    """What the policies may ask of a member with this opening, as far as it follows from it."""
    actor = Actor("O-21", "UPTD_PPA-53.71", frozenset({"CASE_MANAGER"}), openings=(opening,))
    principal = Asking(actor, NOW + after, purpose).principal
    return {name: principal[name] for name in SETS if principal[name]}


def test_each_class_opens_for_itself() -> None:
    refs = ["V-020", "case-1"]
    assert asked() == {"granted": refs, "granted_identity": refs}
    assert asked(replace(OPENING, classes=frozenset({"C1", "C2", "C4"}))) == {
        "granted": refs, "granted_profile": refs, "granted_sensitive": refs,
    }  # fmt: skip


def test_an_emergency_is_no_grant() -> None:
    assert asked(replace(OPENING, emergency=True)) == {"emergency": ["V-020", "case-1"]}


@pytest.mark.parametrize(
    ("after", "holds"),
    [
        (-TICK, False),
        (timedelta(), True),
        (timedelta(minutes=15) - TICK, True),
        (timedelta(minutes=15), False),
        (timedelta(days=1), False),
    ],
)
def test_it_begins_and_ends_to_the_moment(after: timedelta, holds: bool) -> None:
    assert bool(asked(after=after)) is holds


def test_it_holds_for_its_purpose_alone() -> None:
    assert asked(purpose="STATISTICS") == {}
    assert asked(replace(OPENING, purpose=None), purpose="STATISTICS") != {}


def opened(grant_ref: str = "g-1", agency: str = "UPTD_PPA-53.71") -> OpenedAccess:
    return OpenedAccess(
        grant_ref=grant_ref, agency=agency, refs=("V-020",), classes=("C1",), since=NOW, until=NOW + timedelta(days=1)
    )


def test_whoever_leaves_an_office_leaves_what_was_opened_to_them_there() -> None:
    access = Access(id="person|O-21", opened=(opened(), opened("g-2", "LPSK-53")))
    assert len(openings_of([access], "UPTD_PPA-53.71")) == 1
    assert openings_of([access], "BP3MI-53") == ()


def published(*lines: OpenedAccess) -> AccessPublished:
    return AccessPublished(occurred_at=NOW, grantee="person|O-21", opened=lines)


def test_the_newest_full_state_is_kept_and_an_older_one_changes_nothing() -> None:
    world = World(projection)
    world.handle(event(published(opened())))
    world.handle(event(published()))
    access = world.overlay.current(Access.ref("person|O-21"))
    assert isinstance(access, Access)
    assert access.opened == ()
    later = World(projection, [access.evolve(told_at=NOW + TICK)])
    later.handle(event(published(opened())))
    assert later.overlay.current(Access.ref("person|O-21")) == access.evolve(told_at=NOW + TICK)
