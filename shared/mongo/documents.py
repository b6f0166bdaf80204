"""Between aggregates and documents."""

from typing import TypeVar

from shared.kernel.aggregate import Aggregate, Entry
from shared.mongo.client import Document

A = TypeVar("A", bound=Aggregate)


def to_document(model: Aggregate | Entry) -> Document:
    """A BSON-able document; its `_id` is the model's `id`."""
    document = model.model_dump()
    return {"_id": document.pop("id"), **document}


def to_aggregate(kind: type[A], document: Document) -> A:
    """The aggregate that was saved as this document; fields that the kind no longer has are left out."""
    return kind.model_validate({**document, "id": document["_id"]})
