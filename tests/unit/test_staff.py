"""The staff directory's projection, and who counts as an actor."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.events.staff_v1 import MemberPublished
from shared.kernel.context import Actor
from shared.security.staff import Member, projection, to_actor
from tests.support.pure import NOW, World, event

YEAR = timedelta(days=365)


def published(**changes: object) -> MemberPublished:
    """A member as cases publishes them."""
    usual: dict[str, object] = {
        "occurred_at": NOW,
        "person": "V-020",
        "agency": "UPTD_PPA-53.71",
        "roles": ("CASE_MANAGER",),
        "kabupaten": ("53.71",),
        "valid_from": NOW - YEAR,
    }
    return MemberPublished.model_validate(usual | changes)


def test_a_published_member_becomes_an_actor() -> None:
    world = World(projection)
    world.handle(event(published()))
    member = world.overlay.current(Member.ref("V-020"))
    assert isinstance(member, Member)
    assert to_actor(member, NOW) == Actor(
        "V-020", "UPTD_PPA-53.71", frozenset({"CASE_MANAGER"}), "", frozenset({"53.71"})
    )


def test_a_later_state_replaces_an_earlier_one_and_leaving_ends_it() -> None:
    world = World(projection)
    world.handle(event(published()))
    world.handle(event(published(roles=("SUPERVISOR",), active=False)))
    member = world.overlay.current(Member.ref("V-020"))
    assert isinstance(member, Member)
    assert (member.roles, member.version) == (("SUPERVISOR",), 2)
    assert to_actor(member, NOW) is None


def test_a_state_recorded_earlier_changes_nothing() -> None:
    told = Member(
        id="V-020", agency="LPSK-53", roles=("OFFICER",), valid_from=NOW, told_at=NOW + timedelta(seconds=1), version=1
    )
    world = World(projection, [told])
    world.handle(event(published()))
    assert world.overlay.current(Member.ref("V-020")) == told


@pytest.mark.parametrize(
    ("changes", "is_actor"),
    [
        ({}, True),
        ({"active": False}, False),
        ({"valid_from": NOW + timedelta(seconds=1)}, False),
        ({"valid_from": NOW}, True),
        ({"valid_to": NOW}, False),
        ({"valid_to": NOW + timedelta(seconds=1)}, True),
    ],
)
def test_only_the_time_of_service_counts(changes: dict[str, object], is_actor: bool) -> None:
    usual: dict[str, object] = {
        "id": "V-020",
        "agency": "LPSK-53",
        "roles": (),
        "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
    }
    assert (to_actor(Member.model_validate(usual | changes), NOW) is not None) == is_actor
