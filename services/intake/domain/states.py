"""The states of a person in intake, and the moves between them."""

from collections.abc import Mapping
from enum import StrEnum

from shared.kernel.errors import Kind, Reject


class SubjectState(StrEnum):
    """Where a person stands; labels are in the code list `SUBJECT_STATES`."""

    REGISTERED = "REGISTERED"
    SCREENING = "SCREENING"
    PROSPECTIVE_WORKER = "PROSPECTIVE_WORKER"
    PRESUMED_VICTIM = "PRESUMED_VICTIM"
    UNDETERMINED = "UNDETERMINED"
    RETURNEE_NON_TIP = "RETURNEE_NON_TIP"
    GUIDED = "GUIDED"
    RETURNED_HOME = "RETURNED_HOME"
    HANDED_TO_CASE = "HANDED_TO_CASE"
    DECLINED = "DECLINED"


S = SubjectState

NEXT: Mapping[SubjectState, frozenset[SubjectState]] = {
    S.REGISTERED: frozenset({S.SCREENING, S.PROSPECTIVE_WORKER, S.DECLINED}),
    S.SCREENING: frozenset({S.PRESUMED_VICTIM, S.PROSPECTIVE_WORKER, S.RETURNEE_NON_TIP, S.UNDETERMINED}),
    S.PROSPECTIVE_WORKER: frozenset({S.SCREENING, S.GUIDED}),
    S.PRESUMED_VICTIM: frozenset({S.SCREENING, S.HANDED_TO_CASE}),
    S.UNDETERMINED: frozenset({S.SCREENING, S.HANDED_TO_CASE}),
    S.RETURNEE_NON_TIP: frozenset({S.SCREENING, S.HANDED_TO_CASE}),
    S.GUIDED: frozenset({S.SCREENING, S.RETURNED_HOME}),
    S.RETURNED_HOME: frozenset(),
    S.HANDED_TO_CASE: frozenset(),
    S.DECLINED: frozenset({S.REGISTERED}),
}
"""Each step that a person can take. After a hand-over nothing moves here: later screenings are rounds alone."""


class Move(StrEnum):
    """What an officer can do to move a person on, beside screening."""

    GUIDE = "GUIDE"
    RETURN_HOME = "RETURN_HOME"
    HAND_OVER = "HAND_OVER"
    DECLINE = "DECLINE"
    REOPEN = "REOPEN"


TARGET: Mapping[Move, SubjectState] = {
    Move.GUIDE: S.GUIDED,
    Move.RETURN_HOME: S.RETURNED_HOME,
    Move.HAND_OVER: S.HANDED_TO_CASE,
    Move.DECLINE: S.DECLINED,
    Move.REOPEN: S.REGISTERED,
}


def legal_moves(state: SubjectState) -> tuple[str, ...]:
    """The moves that an officer may make from here."""
    return tuple(move.value for move, target in TARGET.items() if target in NEXT[state])


def step(state: SubjectState, target: SubjectState) -> SubjectState:
    """The target; raises Reject ILLEGAL_MOVE where there is no such step."""
    if target not in NEXT[state]:
        raise Reject("ILLEGAL_MOVE", legal_moves=legal_moves(state))
    return target


def screened(state: SubjectState, found: SubjectState) -> SubjectState:
    """The state after a screening round; a person who was handed over stays so, and only the finding is news."""
    if state is S.HANDED_TO_CASE:
        return state
    return step(state if state is S.SCREENING else step(state, S.SCREENING), found)


REQUIRED: Mapping[Move, tuple[str, ...]] = {
    Move.GUIDE: ("list_given", "training"),
    Move.RETURN_HOME: ("receiver",),
}
"""What a move has to say: whether the list of legal companies was given and what came of the offer of training;
which office receives the person at home."""


def check_data(move: Move, data: Mapping[str, object]) -> None:
    """Raises Reject INVALID that names each missing entry."""
    missing = [(f"/data/{name}", "REQUIRED") for name in REQUIRED.get(move, ()) if data.get(name) is None]
    if missing:
        raise Reject("DATA_MISSING", Kind.INVALID, errors=missing)
