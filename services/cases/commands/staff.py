"""Loading the staff directory, which this service owns and publishes."""

from dataclasses import dataclass

from shared.events.staff_v1 import MemberPublished
from shared.kernel.errors import invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.reference.agencies import AGENCIES
from shared.security.staff import Member, member_from

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class LoadMember:
    """One member of staff as of now, whole."""

    member: MemberPublished


@commands.command(LoadMember, needs=lambda c: [Member.ref(c.member.person)])
def load_member(command: LoadMember, work: Work) -> Member:
    """Keep the member and publish them; what is unchanged is not published again."""
    if command.member.agency.rpartition("-")[0] not in AGENCIES:
        raise invalid("UNKNOWN_AGENCY", "/agency")
    known = work.find(Member, command.member.person)
    told = member_from(command.member)
    if known is not None and _state(known) == _state(told):
        return known
    work.put((known or told).evolve(**_state(told), told_at=work.now))
    work.emit(command.member, key=told.id)
    return work.get(Member, told.id)


def _state(member: Member) -> dict[str, object]:
    return member.model_dump(exclude={"id", "version", "created_at", "updated_at", "told_at"})
