"""What case work answers when a controller grants somebody's erasure."""

import pytest

from services.cases.commands import SendReferral
from services.cases.domain.case import Case, Participant
from services.cases.domain.referral import Referral
from shared.events.case_v1 import ErasureWeighed
from shared.events.intake_v1 import ErasureGranted
from shared.kernel.errors import Reject
from tests.support.pure import NOW, World, event
from tests.unit.cases.builders import LEAD, MANAGER, draft, lpsk_consents, opened, world

HERE = Participant(id="P-004", version=1, case_ref="case-1")


def granted(w: World, agency: str) -> tuple[Case, ErasureWeighed]:
    """The case after this agency granted it, and the answer."""
    body = ErasureGranted(occurred_at=NOW, subject_ref="P-004", request_ref="Q-1", agency=agency)
    work = w.handle(event(body))
    [weighed] = [emitted.data for emitted in work.events if isinstance(emitted.data, ErasureWeighed)]
    return work.get(Case, "case-1"), weighed


def test_a_draft_that_only_the_asked_office_would_lead_needs_nobody() -> None:
    _, weighed = granted(world([draft(), HERE]), LEAD)
    assert (weighed.needed, weighed.request_ref, weighed.subject_ref) == ((), "Q-1", "P-004")


@pytest.mark.parametrize(
    ("case", "agency", "needed"),
    [
        (draft(), "BP3MI-53", ("OTHER_CONTROLLER",)),
        (draft(files=("file-1",)), LEAD, ("AGENCY_FILE",)),
        (opened(), LEAD, ("CASE_OPEN",)),
    ],
)
def test_an_open_case_a_file_and_other_offices_need_the_identity(
    case: Case, agency: str, needed: tuple[str, ...]
) -> None:
    assert needed == granted(world([case, HERE]), agency)[1].needed


def test_the_asked_agencys_grant_ends_and_its_referral_goes_back() -> None:
    w = world([opened(), HERE, *lpsk_consents()])
    sent = w.run(SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION"), MANAGER).answer
    case, weighed = granted(w, "LPSK-53")
    assert case.grants == ()
    assert weighed.needed == ("CASE_OPEN", "OTHER_CONTROLLER")
    assert w.overlay.current(Referral.ref(sent.id)).state == "RETURNED"  # type: ignore[union-attr]


def test_a_person_who_is_in_no_case_yet_waits_for_it() -> None:
    with pytest.raises(Reject) as refused:
        granted(world(), LEAD)
    assert Participant.ref("P-004") == refused.value.waits_for
