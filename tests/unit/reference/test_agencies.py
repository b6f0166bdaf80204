"""The table of agencies."""

import pytest

from shared.reference.agencies import AGENCIES, agency_of, is_office, is_office_here, region_of


@pytest.mark.parametrize(
    ("code", "topic", "purpose"),
    [("BP3MI", "bp2mi", "SHARE_BP2MI"), ("POLRI", "police", "SHARE_POLICE"), ("LPSK", "lpsk", "SHARE_LPSK")],
)
def test_agencies_with_a_feed_name_their_topic_and_the_consent_that_sharing_needs(code, topic, purpose) -> None:
    agency = AGENCIES[code]

    assert (topic, purpose) == (agency.topic, agency.share_purpose)


def test_other_agencies_have_no_topic_and_a_purpose_after_their_code_or_none_at_all() -> None:
    others = [a for a in AGENCIES.values() if a.topic is None]

    assert all(a.share_purpose in (None, f"SHARE_{a.code}") for a in others)
    assert {a.code for a in others if a.share_purpose is None} >= {"GT_PROV", "POKJA", "PEMDES"}


def test_labels_come_in_both_languages() -> None:
    assert AGENCIES["LPSK"].label("id") == "Lembaga Perlindungan Saksi dan Korban"
    assert AGENCIES["LPSK"].label("en") == "Witness and victim protection agency"


def test_an_office_is_an_agency_in_a_region() -> None:
    assert agency_of("UPTD_PPA-53.71").code == "UPTD_PPA"
    assert region_of("UPTD_PPA-53.71") == "53.71"


def test_an_office_of_no_known_agency_is_refused() -> None:
    with pytest.raises(KeyError):
        agency_of("NOBODY-53")


@pytest.mark.parametrize(
    ("office", "somewhere", "here"),
    [
        ("BP3MI-53", True, True),
        ("BP3MI-99", False, False),
        ("BP3MI-53.71", False, False),
        ("GT_KAB-53.02", True, True),
        ("GT_KAB-53", False, False),
        ("GT_KAB-53.99", False, False),
        ("GT_KAB-35.78", True, False),
        ("POLRI-53", True, True),
        ("POLRI-53.71", True, True),
        ("MARS-53", False, False),
        ("LPSK", False, False),
    ],
)
def test_an_office_can_exist_where_its_agency_has_offices(office: str, somewhere: bool, here: bool) -> None:
    assert (somewhere, here) == (is_office(office), is_office_here(office))
