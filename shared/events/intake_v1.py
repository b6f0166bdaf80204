"""Facts of intake: who was taken in and what came of it, by reference."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import Code, Count, EventData, Id, Moment

Sex = Literal["M", "F", "UNKNOWN"]
AgeBand = Literal["0-11", "12-14", "15-17", "18-24", "25-34", "35-49", "50-64", "65+", "UNKNOWN"]
Risk = Literal["R1_DARURAT", "R2_TINGGI", "R3_SEDANG", "R4_RENDAH"]
Kabupaten = Annotated[str, Field(pattern=r"^[0-9]{2}\.[0-9]{2}$")]
"""A regency's or city's code, `53.02`; never anything finer."""
AgencyRef = Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,24}-[0-9]{2}(\.[0-9]{2})?$")]
"""An office: `<CODE>-<region>`, for example `UPTD_PPA-53.71` or `NAKER_PROV-53`."""
Purpose = Annotated[str, Field(pattern=r"^[A-Z0-9_]{3,40}$")]

TOPIC = ("intake-events",)


class InterdictionRecorded(EventData):
    """A group was stopped before a departure. Key and subject: the interdiction. Counts only."""

    type = "id.pulang.intake.interdiction.recorded.v1"
    topics = TOPIC

    interdiction_ref: Id
    agency: AgencyRef
    checkpoint: Code | None
    destination: Code
    people: Count
    origins: dict[Kabupaten, Count]
    recruiters: Count
    offices: tuple[AgencyRef, ...]
    """The offices that have to be told; intake decides, so that no indicator has to travel."""


class SubjectRegistered(EventData):
    """A person was taken in. Key and subject: the person's `subject_ref`."""

    type = "id.pulang.intake.subject.registered.v1"
    topics = TOPIC

    subject_ref: Id
    report_ref: Id
    source: Code
    agency: AgencyRef
    sex: Sex
    age_band: AgeBand
    as_child: bool
    """Treated as a child until age is settled."""
    kabupaten: Kabupaten | None
    state: Code
    offices: tuple[AgencyRef, ...] = ()
    """Offices to be told of a child or of an urgent need, at once."""


class SubjectGuided(EventData):
    """Guidance was given before the way home. Key and subject: the person."""

    type = "id.pulang.intake.subject.guided.v1"
    topics = TOPIC

    subject_ref: Id
    report_ref: Id
    state: Code


class ScreeningCompleted(EventData):
    """A screening round ended. Key and subject: the person. The round's answers stay in intake."""

    type = "id.pulang.intake.screening.completed.v1"
    topics = TOPIC

    subject_ref: Id
    report_ref: Id
    round: Annotated[int, Field(ge=1, le=1000)]
    state: Code
    risk: Risk | None
    offices: tuple[AgencyRef, ...] = ()


class ConsentChoice(BaseModel):
    """One purpose and the person's answer to it; part of other bodies."""

    model_config = ConfigDict(frozen=True)

    purpose: Purpose
    given: bool
    answered_at: Moment | None = None
    """When the person said so; the hand-over's own time, if left out."""


class ConsentRecorded(EventData):
    """The person answered for one purpose, before hand-over. Key and subject: the person."""

    type = "id.pulang.intake.consent.recorded.v1"
    topics = TOPIC

    subject_ref: Id
    purpose: Purpose
    given: bool


class SubjectHandedToCase(EventData):
    """Intake hands the person over to case work. Key and subject: the person."""

    type = "id.pulang.intake.subject.handed_to_case.v1"
    topics = TOPIC

    subject_ref: Id
    report_ref: Id
    source: Code
    handed_by: AgencyRef
    state: Code
    risk: Risk | None
    sex: Sex
    age_band: AgeBand
    as_child: bool
    kabupaten: Kabupaten | None
    host: Kabupaten
    """Where the person is now."""
    abroad: bool = False
    """A returning migrant worker."""
    consents: tuple[ConsentChoice, ...] = ()


class ErasureGranted(EventData):
    """One controller granted a person's erasure; those who hold something of it say what still needs the identity.

    Key and subject: the person."""

    type = "id.pulang.intake.erasure.granted.v1"
    topics = TOPIC

    subject_ref: Id
    request_ref: Id
    agency: AgencyRef


class SubjectErased(EventData):
    """The person's key dies: nobody can know any more who this was. Key and subject: the person."""

    type = "id.pulang.intake.subject.erased.v1"
    topics = TOPIC

    subject_ref: Id
    report_ref: Id
    reason: Code


class RequestOverdue(EventData):
    """A controller has not answered a person in time. It changes nothing. Key and subject: the person."""

    type = "id.pulang.intake.request.overdue.v1"
    topics = TOPIC

    subject_ref: Id
    request_ref: Id
    agency: AgencyRef
    due_at: Moment
    rung: Annotated[int, Field(ge=0, le=20)]


class HoldReviewDue(EventData):
    """Somebody has to look whether a legal hold is still needed; it stays until they say otherwise. Key: the hold."""

    type = "id.pulang.intake.hold.review_due.v1"
    topics = TOPIC

    hold_ref: Id
    subject_refs: tuple[Id, ...]
    """Whom it holds."""
    agency: AgencyRef
    """The office that placed it."""
    due_at: Moment
