"""What people may do with a case, and what is decided then. Who may do it at all was settled before."""

from services.cases.commands import answer, consent, referral, staff, take
from services.cases.commands.answer import AcceptReferral, RejectReferral
from services.cases.commands.consent import RecordConsent
from services.cases.commands.referral import SendReferral
from services.cases.commands.staff import LoadMember
from services.cases.commands.take import TakeCase
from shared.kernel.rulebook import Rulebook

__all__ = [
    "AcceptReferral",
    "LoadMember",
    "RecordConsent",
    "RejectReferral",
    "SendReferral",
    "TakeCase",
    "commands",
]

commands = Rulebook().including(take.commands, consent.commands, referral.commands, answer.commands, staff.commands)
