"""The register of breaches, for the data protection officer. What could have been seen: `pulang audit exposed`."""

from typing import Annotated

from pydantic import Field

from services.cases.api.fields import At, Body, Coded, CodeIn, Happened, Ref
from services.cases.catalogue import breach_label
from services.cases.commands import KnowBreach, TellOfBreach
from services.cases.domain.breach import Breach, Told
from services.cases.domain.deadline import DeadlineClock
from shared.events.envelope import Id, Moment
from shared.http.masking import Part, View
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass

routes = Routes()


class BreachBody(Body):
    """What is known so far. It may be little: the clocks run from when somebody knew."""

    data_class = DataClass.C1

    kind: CodeIn = Field(examples=["ACCOUNT_MISUSED"])
    occurred_at: Happened = None
    refs: tuple[Id, ...] = Field(
        default=(), max_length=1000, description="Cases and persons, by reference.", examples=[["P-004"]]
    )
    accounts: tuple[Id, ...] = Field(
        default=(), max_length=100, description="Members whose account was used.", examples=[["O-20"]]
    )
    since: Moment | None = None
    until: Moment | None = None
    through_lpsk: bool = Field(default=False, description="Whether LPSK tells the persons, as it protects one.")


class NoticeBody(Body):
    """A written notice went out. With `exemption` the persons are not told, and that is why."""

    data_class = DataClass.C1

    told: Told
    occurred_at: Happened = None
    exemption: CodeIn | None = Field(default=None, examples=["LAW_ENFORCEMENT"])


class NoticeClock(Part):
    """Until when those must be told, and when they were."""

    data_class = DataClass.C1

    status: str = Field(examples=["RUNNING"])
    due_at: At
    told_at: At | None
    breached_at: At | None


class BreachView(View):
    """One breach."""

    data_class = DataClass.C1

    id: Annotated[Ref, DataClass.C0]
    kind: Coded
    known_at: At
    refs: tuple[str, ...] = Field(examples=[["P-004"]])
    accounts: tuple[str, ...] = Field(examples=[["O-20"]])
    since: At | None
    until: At | None
    through_lpsk: bool
    subjects: NoticeClock
    authority: NoticeClock
    exemption: Coded | None


def breach_view(breach: Breach, call: Call) -> BreachView:
    """A breach in the reader's language, without cases and persons whom this reader is kept out of."""
    shown = breach.model_dump(include={"known_at", "accounts", "since", "until", "through_lpsk"})
    return BreachView(
        **shown,
        id=breach.id,
        refs=tuple(ref for ref in breach.refs if ref not in call.actor.excluded),
        kind=Coded(code=breach.kind, label=breach_label(breach.kind, call.lang)),
        subjects=_clock(breach.subjects),
        authority=_clock(breach.authority),
        exemption=Coded(code=breach.exemption, label=breach_label(breach.exemption, call.lang))
        if breach.exemption
        else None,
    )


def _clock(clock: DeadlineClock) -> NoticeClock:
    return NoticeClock(
        status=clock.status.value, due_at=clock.due_at, told_at=clock.stopped_at, breached_at=clock.breached_at
    )


ON = Target("breach", Breach)

routes.list("/v1/breaches", permission="breach.list", audit="BREACHES_LISTED", kind=Breach, answer=breach_view)
routes.read("/v1/breaches/{breach}", permission="breach.read", audit="BREACH_READ", on=ON, answer=breach_view)


@routes.command(
    "POST",
    "/v1/breaches",
    permission="breach.record",
    audit="BREACH_KNOWN",
    body=BreachBody,
    answer=breach_view,
    location="/v1/breaches/{id}",
)
async def know(call: Call, body: BreachBody) -> KnowBreach:
    """A failure to protect personal data is known."""
    return KnowBreach(**body.model_dump())


@routes.command(
    "POST",
    "/v1/breaches/{breach}/notices",
    permission="breach.tell",
    audit="BREACH_TOLD",
    on=ON,
    body=NoticeBody,
    answer=breach_view,
)
async def tell(call: Call, body: NoticeBody) -> TellOfBreach:
    """The persons, or the authority, were told in writing."""
    return TellOfBreach(call.path["breach"], body.told, body.occurred_at, body.exemption)
