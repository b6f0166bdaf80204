"""What a reader may not see is null and named; what a writer may not write is refused or stays as it was."""

from typing import Annotated, ClassVar

import pytest
from pydantic import BaseModel

from shared.http.masking import Part, View, classes_of, keep_to, masked, unclassed
from shared.http.problems import Problem
from shared.security.policy.classes import DataClass

C0, C1, C2, C3, C4 = (DataClass(f"C{number}") for number in range(5))


class Label(BaseModel):
    """A part without classes of its own: it is of the class of what it labels."""

    code: str


class Contact(Part):
    """A part with classes."""

    data_class = C3

    phone: str | None
    kind: Annotated[Label, C1]


class Seen(View):
    """An answer."""

    data_class = C1

    ref: Annotated[str, C0]
    state: Label
    story: Annotated[str | None, C4]
    contacts: tuple[Contact, ...]
    first: Contact | None


class ContactBody(BaseModel):
    """A part of a body."""

    data_class: ClassVar[DataClass | None] = C3

    phone: str | None = None


class Said(BaseModel):
    """A body."""

    data_class: ClassVar[DataClass | None] = C1

    state: str = "OPEN"
    story: Annotated[str | None, C4] = None
    contacts: list[ContactBody] = []
    first: ContactBody | None = None


CONTACT = Contact(phone="canary", kind=Label(code="PHONE"))
ANSWER = Seen(ref="r-1", state=Label(code="OPEN"), story="canary", contacts=(CONTACT, CONTACT), first=None)


def test_every_field_of_a_class_that_is_not_shown_is_null_and_pointed_at() -> None:
    shown = masked(ANSWER, frozenset({C0, C1}))

    assert "canary" not in str(shown)
    assert shown["masked"] == ("/story", "/contacts/0/phone", "/contacts/1/phone")
    assert (shown["ref"], shown["state"], shown["story"]) == ("r-1", {"code": "OPEN"}, None)
    assert shown["contacts"][1] == {"phone": None, "kind": {"code": "PHONE"}}


def test_whether_a_masked_field_had_a_value_does_not_show() -> None:
    empty = ANSWER.model_copy(update={"story": None})

    assert masked(empty, frozenset({C0, C1})) == masked(ANSWER, frozenset({C0, C1}))


def test_who_may_see_everything_sees_everything() -> None:
    assert masked(ANSWER, frozenset(DataClass)) == ANSWER.model_dump()
    assert classes_of(Seen) == {C0, C1, C3, C4}


def test_nothing_but_what_is_public_shows_to_whom_nothing_is_shown() -> None:
    shown = masked(ANSWER, frozenset({C0}))

    assert {name for name, value in shown.items() if value} == {"ref", "contacts", "masked"}
    assert "PHONE" not in str(shown)


def test_the_document_says_which_class_a_field_has_and_that_it_may_be_null() -> None:
    story = Seen.model_json_schema()["properties"]["story"]
    phone = Contact.model_json_schema()["properties"]["phone"]
    state = Seen.model_json_schema()["properties"]["state"]

    assert (story["x-data-class"], {"type": "null"} in story["anyOf"]) == ("C4", True)
    assert phone["x-data-class"] == "C3"
    assert state == {"anyOf": [{"$ref": "#/$defs/Label"}, {"type": "null"}], "x-data-class": "C1"}
    assert "anyOf" not in Seen.model_json_schema()["properties"]["ref"]


def test_a_field_without_a_class_is_found_however_deep() -> None:
    class Careless(View):
        """A mistake."""

        ref: Annotated[str, C0]
        inner: Label

    assert list(unclassed(Careless)) == ["/inner/code"]
    assert list(unclassed(Seen)) == []


def test_what_is_not_the_writers_to_write_is_refused_with_its_pointers() -> None:
    body = Said(story="canary", contacts=[ContactBody(), ContactBody(phone="canary")])
    with pytest.raises(Problem) as refused:
        keep_to(body, frozenset({C0, C1}))

    assert (refused.value.status, refused.value.code) == (422, "INVALID_BODY")
    told = [{"pointer": pointer, "code": "NOT_YOURS_TO_WRITE"} for pointer in ("/story", "/contacts/1/phone")]
    assert list(refused.value.errors) == told


def test_a_masked_field_that_comes_back_as_null_counts_as_left_out_and_stays_untouched() -> None:
    body = Said.model_validate({"state": "CLOSED", "story": None, "first": {"phone": None}})
    keep_to(body, frozenset({C0, C1}))

    assert body.model_dump(exclude_unset=True) == {"state": "CLOSED", "first": {}}


def test_a_null_of_somebody_who_may_write_it_clears() -> None:
    body = Said.model_validate({"story": None})
    keep_to(body, frozenset({C0, C1, C3, C4}))

    assert body.model_dump(exclude_unset=True) == {"story": None}
