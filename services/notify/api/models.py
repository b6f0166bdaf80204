"""Requests and answers."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.http.masking import Part, View
from shared.security.policy.classes import DataClass


class AboutView(Part):
    """What to open next, in the service that keeps it."""

    kind: str = Field(examples=["CASE"])
    ref: str = Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a11"])


class NoticeView(View):
    """One message of the office's inbox, in the reader's language."""

    data_class = DataClass.C1

    id: Annotated[str, DataClass.C0] = Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a12"])
    office: str = Field(examples=["UPTD_PPA-53.71"])
    subject: str = Field(examples=["Perkara NTT-2026-048213: ada perkembangan"])
    body: str = Field(examples=["Perkara NTT-2026-048213: ada perkembangan. Detail di aplikasi."])
    about: AboutView
    happened_at: datetime = Field(examples=["2026-05-14T04:40:00+08:00"])
    created_at: datetime | None = Field(examples=["2026-05-14T05:20:00+08:00"])
    unread: bool = Field(description="Whether the reader has not read it yet.", examples=[True])
    readers: int = Field(description="How many members of the office have read it.", examples=[0])


class InboxPage(View):
    """A page of the inbox: what the reader has not read comes first."""

    data_class = DataClass.C1

    items: list[NoticeView]
    next: str | None = Field(description="`?after=` of the next page.", examples=[None])
    unread: int | None = Field(
        description="How many the reader has not read, 200 at most; with `?count=true` only.", examples=[None]
    )


class MarkBody(BaseModel):
    """A move of a notice. `READ` is the only one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"move": "READ"}]})
    data_class: ClassVar[DataClass | None] = DataClass.C1

    move: Literal["READ"]


class DeliveryView(View):
    """One line of the delivery log. Addresses stay in the address book."""

    data_class = DataClass.C1

    id: Annotated[str, DataClass.C0] = Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a13"])
    notice: str = Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a12"])
    office: str = Field(examples=["UPTD_PPA-53.71"])
    recipient: str = Field(description="An entry of the office's address book.", examples=["UPTD_PPA-53.71/desk"])
    channel: str = Field(examples=["EMAIL"])
    state: str = Field(examples=["SENT"])
    reason: str | None = Field(description="Why it did not end well, or had to wait.", examples=[None])
    attempts: int = Field(examples=[1])
    created_at: datetime | None = Field(examples=["2026-05-14T05:20:00+08:00"])
    updated_at: datetime | None = Field(examples=["2026-05-14T05:20:01+08:00"])
