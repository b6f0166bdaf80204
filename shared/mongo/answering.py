"""What somebody waits for: it comes soon, or they are told that it does not."""

from collections.abc import Iterator
from contextlib import contextmanager

import pymongo
from pymongo.errors import PyMongoError

from shared.kernel.command import Unavailable

ANSWER_S = 2.0
"""As long as an absent primary is looked for, so that a database which takes the question and says nothing is a 503
within three seconds too. A socket's own time-out is for those who can wait: nobody looks at them."""


@contextmanager
def answering() -> Iterator[None]:
    """Whatever is asked within is answered within ANSWER_S, together; raises Unavailable otherwise."""
    try:
        with pymongo.timeout(ANSWER_S):
            yield
    except PyMongoError as error:
        raise Unavailable from error
