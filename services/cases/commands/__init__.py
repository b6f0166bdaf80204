"""What people may do with a case, and what is decided then. Who may do it at all was settled before."""

from services.cases.commands import (
    access,
    answer,
    breach,
    consent,
    emergency,
    exclude,
    offices,
    reassign,
    referral,
    seal,
    skip,
    staff,
    take,
)
from services.cases.commands.access import GiveAccess, WithdrawAccess
from services.cases.commands.answer import AcceptReferral, RejectReferral
from services.cases.commands.breach import KnowBreach, TellOfBreach
from services.cases.commands.consent import RecordConsent
from services.cases.commands.emergency import EndEmergency, OpenInEmergency, ReviewEmergency
from services.cases.commands.exclude import DeclareInterest, ExcludeMember, ReadmitMember
from services.cases.commands.offices import ReinstateOffice, SuspendOffice
from services.cases.commands.reassign import ReassignCase
from services.cases.commands.referral import SendReferral
from services.cases.commands.seal import SealCase, UnsealCase
from services.cases.commands.skip import SkipNumbers
from services.cases.commands.staff import (
    AppointAdministrator,
    ChangeMember,
    EmployMember,
    LoadMember,
    ReinstateMember,
    SuspendMember,
)
from services.cases.commands.take import TakeCase
from shared.kernel.rulebook import Rulebook

__all__ = [
    "AcceptReferral",
    "AppointAdministrator",
    "ChangeMember",
    "DeclareInterest",
    "EmployMember",
    "EndEmergency",
    "ExcludeMember",
    "GiveAccess",
    "KnowBreach",
    "LoadMember",
    "OpenInEmergency",
    "ReadmitMember",
    "ReassignCase",
    "RecordConsent",
    "ReinstateMember",
    "ReinstateOffice",
    "RejectReferral",
    "ReviewEmergency",
    "SealCase",
    "SendReferral",
    "SkipNumbers",
    "SuspendMember",
    "SuspendOffice",
    "TakeCase",
    "TellOfBreach",
    "UnsealCase",
    "WithdrawAccess",
    "commands",
]

commands = Rulebook().including(
    take.commands,
    reassign.commands,
    consent.commands,
    referral.commands,
    answer.commands,
    staff.commands,
    offices.commands,
    exclude.commands,
    seal.commands,
    access.commands,
    skip.commands,
    emergency.commands,
    breach.commands,
)
