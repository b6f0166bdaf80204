"""The code lists hold together."""

from datetime import date

import pytest

from shared.reference import codes, places, regions, roles

LABELLED = [
    places.CHECKPOINTS,
    places.COUNTRIES,
    codes.INDICATORS,
    codes.DOCUMENTS,
    codes.PRETEXTS,
    codes.LEGAL_BASES,
    codes.RECRUITER_TIES,
    codes.INTAKE_SOURCES,
    codes.RISK_LEVELS,
    codes.RISK_FACTS,
    codes.SUBJECT_STATES,
    codes.INTERDICTION_STATES,
    codes.POSKO_MEMBERS,
    codes.CONSENT_PURPOSES,
    roles.ROLES,
    roles.PURPOSES,
]


@pytest.mark.parametrize("table", LABELLED, ids=lambda table: table._file)
def test_every_row_has_words_in_both_languages(table) -> None:
    assert table
    assert all(row.label("id") and row.label("en") for row in table.values())


def test_the_province_has_its_22_regencies_315_districts_and_3442_villages() -> None:
    levels = [r.level for r in regions.NTT.values()]

    assert {level: levels.count(level) for level in ("regency", "district", "village")} == {
        "regency": 22,
        "district": 315,
        "village": 3442,
    }


def test_every_region_lies_in_one_that_is_known() -> None:
    assert all(r.parent in regions.NTT for r in regions.NTT.values() if r.level != "province")


def test_only_the_kabupaten_of_a_village_is_told() -> None:
    assert regions.is_village("53.01.04.2003")
    assert regions.kabupaten_of("53.01.04.2003") == "53.01"


def test_kecamatan_99_does_not_exist_so_that_test_numbers_belong_to_nobody() -> None:
    assert not any(code.split(".")[2:3] == ["99"] for code in regions.NTT)


def test_indicators_map_to_values_that_the_data_standard_has() -> None:
    mapped = [row.htcds for row in (*codes.INDICATORS.values(), *codes.SUBJECT_STATES.values()) if row.htcds]

    assert mapped
    assert set(mapped) <= set(codes.HTCDS)


def test_risk_facts_name_levels_that_exist() -> None:
    assert {fact.level for fact in codes.RISK_FACTS.values()} <= set(codes.RISK_LEVELS)


def test_checkpoints_stand_in_a_kabupaten_of_the_province() -> None:
    places_of = {c.kabupaten for c in places.CHECKPOINTS.values()}

    assert all(regions.is_kabupaten(k) and regions.in_province(k) for k in places_of)


def test_a_destination_is_a_country_or_an_indonesian_region() -> None:
    assert places.is_overseas("MY")
    assert not places.is_overseas("61.71")
    assert places.destination_label("61.71", "id") == "Kota Pontianak"
    assert not places.is_destination("XX")


def test_a_legal_basis_covers_days_and_journeys() -> None:
    domestic = codes.LEGAL_BASES["PERMENAKER_18_2024"]

    assert domestic.covers(date(2026, 5, 14), "DOMESTIC")
    assert not domestic.covers(date(2024, 12, 29), "DOMESTIC")
    assert not domestic.covers(date(2026, 5, 14), "OVERSEAS")


def test_sharing_with_an_agency_is_a_purpose_of_its_own() -> None:
    assert codes.is_consent_purpose("SHARE_LPSK")
    assert codes.is_consent_purpose("POLICE_REPORT")
    assert not codes.is_consent_purpose("SHARE_POKJA")
