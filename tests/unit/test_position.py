"""A position names an act and counts what each service takes in of it, whatever its size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.position import Position
from shared.events.registry import registry

SERVICES = st.sampled_from(["intake", "cases", "notify"])


@given(takers=st.lists(st.lists(SERVICES, unique=True, max_size=3), max_size=200))
def test_it_comes_back_as_it_was_and_stays_short(takers: list[list[str]]) -> None:
    position = Position.of("0196ce10-0000-7000-8000-000000000007", takers)
    assert Position.read(str(position)) == position
    assert len(str(position)) < 100
    assert all(position.takes[each] == sum(each in some for some in takers) for each in ("intake", "cases", "notify"))


def test_a_service_that_takes_nothing_in_waits_for_nothing() -> None:
    assert Position.of("act", [("cases",), ("cases", "notify")]).takes["intake"] == 0


@pytest.mark.parametrize("text", ["act|cases", "act|cases=many", "act|"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        Position.read(text)


def test_who_takes_an_event_in_is_what_the_topics_declare() -> None:
    kind = "id.pulang.intake.screening.completed.v1"
    assert set(registry().takers("intake-events", kind)) == {"cases", "notify"}
    assert registry().takers("case-events", kind) == ()
