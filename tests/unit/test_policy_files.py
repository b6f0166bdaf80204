"""What may stand in a policy file. Whoever writes something else hears where it stands and what is wrong."""

from datetime import UTC, datetime
from typing import ClassVar

import pytest

from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor
from shared.security.policy.asking import Asking
from shared.security.policy.classes import DataClass
from shared.security.policy.engine import Policies
from shared.security.policy.kinds import resource
from shared.security.policy.rules import PolicyError
from shared.security.policy.statements import statements

HEAD = '@id("files.read") @basis("UU 21/2007 Art 44") @show("C1,C2")'
SCOPE = 'permit(principal in Role::"CLERK", action == Action::"file.read", resource is File)'
NOW = datetime(2026, 5, 14, tzinfo=UTC)


class File(Aggregate):
    """A record."""

    collection: ClassVar[str] = "files"

    owner: str
    keeper: str | None = None
    marks: tuple[str, ...] = ()
    size: int = 0


KIND = resource(File, "owner", "keeper", "marks", "size")


def policies(text: str) -> Policies:
    return Policies(statements(text, "files.cedar"), [KIND], {"CLERK": ("READERS",), "GUEST": ()})


def asking(*roles: str, person: str = "V-020") -> Asking:
    return Asking(Actor(person, "UPTD_PPA-53.71", frozenset(roles)), NOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD} {SCOPE} when {{ resource.keeper == principal.person }};", "optional attribute `keeper`"),
        (f"{HEAD} {SCOPE} when {{ resource.ownr == principal.person }};", "attribute `ownr`"),
        (f"{HEAD} {SCOPE} when {{ resource.owner == 3 }};", "not compatible"),
        (f'{HEAD} {SCOPE} when {{ resource.owner like "V-*" }};', "`Like` is not used"),
        (f"{HEAD} {SCOPE} when {{ if true then true else false }};", "`IfThenElse` is not used"),
        (f"{HEAD} {SCOPE} when {{ resource.owner == resource.id }};", "attribute `id` is not used"),
        (f"{HEAD} {SCOPE} when {{ resource.marks == principal.kabupaten }};", "contains something"),
        (f"{HEAD} {SCOPE} when {{ principal.kabupaten.containsAll(resource.marks) }};", "wrong side"),
        (f'{HEAD} {SCOPE} when {{ principal in Role::"GUEST" }};', "`in` is not used"),
        (f"{HEAD} permit(principal, action == Action::\"file.read\", resource is File);", "principal in Role"),
        (f"{HEAD} permit(principal in Role::\"CLERK\", action, resource is File);", "names its actions"),
        (f"{HEAD} permit(principal in Role::\"CLERK\", action == Action::\"file.read\", resource);", "resource is"),
        (f"{HEAD} {SCOPE.replace('CLERK', 'CLERC')};", "no role CLERC"),
        (f"{HEAD} {SCOPE.replace('is File', 'is Fyle')};", "no kind Fyle"),
        (f"{SCOPE};", '@id("…") in lower case'),
        (f'@id("files.read") @show("C1") {SCOPE};', "the legal @basis"),
        (f'@id("files.read") @basis("x") {SCOPE};', "says what it shows"),
        (f'@id("files.read") @basis("x") @show("C7") {SCOPE};', "@show lists classes"),
        (f'{HEAD} @because("x") {SCOPE};', "are annotations of ours"),
        (f"{HEAD} {SCOPE};\n{HEAD} {SCOPE};", "stands in files.cedar:1 too"),
        (f'{HEAD} {SCOPE};@id("f.x") @basis("x") forbid(principal, action == Action::"f.raed", resource);', "no perm"),
        (f"{HEAD} {SCOPE}", "unexpected end"),
        (f"{HEAD} {SCOPE.replace('principal in Role', 'principal == ?principal in Role')};", "files.cedar:1"),
    ],
)  # fmt: skip
def test_what_is_outside_the_subset_is_refused_with_its_reason(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        policies(text)
    assert message in str(refused.value)


def test_every_mistake_is_told_with_its_line() -> None:
    text = f'// permit(; "\n\n{SCOPE};\n\n@id("b.b")\n@basis("a ; in a text")\n@show("C9")\n{SCOPE};'
    with pytest.raises(PolicyError) as refused:
        policies(text)
    assert [line[:14] for line in str(refused.value).split("\n")] == ["files.cedar:3:", "files.cedar:5:"]


def test_a_decision_names_the_policies_the_roles_and_what_is_shown_and_written() -> None:
    wide = f'{HEAD.replace("files.read", "files.all")} @write("C2") {SCOPE.replace("CLERK", "READERS")};'
    ours = policies(f"{HEAD} {SCOPE};\n{wide}".replace("C1,C2", "C1", 1))
    [decision] = ours.decide(asking("CLERK", "GUEST"), "file.read", [File(id="f-1", owner="V-020")])

    assert decision.policies == ("files.all", "files.read")
    assert decision.roles == ("CLERK",)
    assert decision.shows == {DataClass.C0, DataClass.C1, DataClass.C2}
    assert decision.writes == {DataClass.C0, DataClass.C2}


def test_a_forbid_wins_and_says_which() -> None:
    closed = '@id("files.closed") @basis("x") forbid(principal, action, resource) when { resource.owner == "V-021" };'
    ours = policies(f"{HEAD} {SCOPE};{closed}")
    own, others = ours.decide(
        asking("CLERK"), "file.read", [File(id="f-1", owner="V-020"), File(id="f-2", owner="V-021")]
    )

    assert (own.allowed, others.allowed) == (True, False)
    assert (others.forbidden, others.policies) == (True, ("files.closed",))
    assert others.shows == {DataClass.C0}


def test_what_cannot_be_evaluated_opens_nothing() -> None:
    ours = policies(
        f'{HEAD} {SCOPE}; @id("f.big") @basis("x") forbid(principal, action, resource) when {{ 9 < resource.size }};'
    )
    whole = File(id="f-1", owner="V-020")
    for wrong in (whole.model_copy(update={"size": "9"}), whole.model_copy(update={"size": None})):
        [decision] = ours.decide(asking("CLERK"), "file.read", [wrong])
        assert (decision.allowed, decision.shows) == (False, {DataClass.C0})


@pytest.mark.parametrize("roles", [(), ("GUEST",), ("READERS",), ("NOBODY",)])
def test_nothing_is_the_default(roles: tuple[str, ...]) -> None:
    ours = policies(f"{HEAD} {SCOPE};")
    [decision] = ours.decide(asking(*roles), "file.read", [File(id="f-1", owner="V-020")])

    assert not decision.allowed
    assert not ours.allows(asking(*roles), "file.read")
    assert ours.filter(asking(*roles), "file.read", File) is None
    assert not ours.allows(asking("CLERK"), "file.close")
    assert ours.decide(asking("CLERK"), "file.close", [File(id="f-1", owner="V-020")])[0].allowed is False
