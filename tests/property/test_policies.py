"""What the database selects and what Cedar decides are the same, for whatever people, records and policies."""

from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from shared.mongo.documents import to_document
from shared.security.policy import compiling, engine
from shared.security.policy.attributes import Stored
from shared.security.policy.filters import all_of, any_of
from tests.support.policies import Thing, World, disagreements, worlds

pytestmark = pytest.mark.integration


@pytest.fixture
def things(mongo_uri: str, unique: str) -> Iterator[Any]:
    """A real collection."""
    with pymongo.MongoClient[Any](mongo_uri, tz_aware=True) as client:
        yield client[unique]["things"]
        client.drop_database(unique)


def check(world: World, collection: Any) -> None:
    """Raise AssertionError where the two disagree."""
    documents = [to_document(thing) for thing in world.things]
    documents = [{k: v for k, v in document.items() if k not in world.lacking} for document in documents]
    differing = disagreements(world.policies, "read", world.asking, Thing, collection, documents)
    assert differing == [], f"{world.text}\n{world.asking}"


fixtures_are_shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@settings(fixtures_are_shared, max_examples=100)
@given(world=worlds)
def test_the_database_selects_exactly_what_cedar_permits(world: World, things: Any) -> None:
    check(world, things)


def _unequal(test: Any) -> Any:
    """Looks like a negation, and lets what is missing fall through."""
    if isinstance(test, bool):
        return not test
    [(name, value)] = test.items() if len(test) == 1 else [("$nor", [test])]
    plain = value if isinstance(value, dict) else {"$eq": value}
    return {"$nor": [test]} if name.startswith("$") else {name: {"$ne": None, "$not": plain}}


MUTANTS = {
    "any for all": (compiling, "all_of", any_of),
    "all for any": (compiling, "any_of", all_of),
    "a negation that skips what is missing": (compiling, "none_of", _unequal),
    "no negation": (compiling, "none_of", lambda test: test),
    "comparisons not turned": (compiling, "TURNED", {op: op for op in compiling.COMPARISONS}),
    "less for less or equal": (compiling, "COMPARISONS", compiling.COMPARISONS | {"less_eq": "$lt"}),
    "has for what exists": (Stored, "present", lambda self: {self.key: {"$exists": True}}),
    "only the first value": (Stored, "matching", lambda self, values: {self.key: next(iter(values), None)}),
    "forbids forgotten": (engine, "none_of", lambda test: True),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_compiler_is_found_out(mutant: str, things: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(fixtures_are_shared, max_examples=1500, phases=[Phase.generate], database=None, derandomize=True)
    @given(world=worlds)
    def search(world: World) -> None:
        check(world, things)

    target, name, broken = MUTANTS[mutant]
    monkeypatch.setattr(target, name, broken)
    with pytest.raises(AssertionError):
        search()
