"""NIK and age."""

from datetime import date

import pytest

from services.intake.domain.age import AgeBasis, AgeClaim, age_on, assess_age
from services.intake.domain.nik import UNREADABLE, NikStatus, parse_nik

TODAY = date(2026, 5, 14)


def test_a_number_tells_region_sex_and_birth() -> None:
    nik = parse_nik("5302994107081234", TODAY)

    assert (nik.status, nik.kabupaten, nik.sex, nik.born) == (NikStatus.PARSED_OK, "53.02", "F", "2008-07-01")


def test_the_century_is_the_latest_that_is_not_in_the_future() -> None:
    assert parse_nik("5302990107081234", TODAY).born == "2008-07-01"
    assert parse_nik("5302990107601234", TODAY).born == "1960-07-01"
    assert parse_nik("5302991505261234", TODAY).born == "1926-05-15"


def test_a_number_from_a_mission_abroad_has_no_kabupaten() -> None:
    nik = parse_nik("9912310107901234", TODAY)

    assert (nik.status, nik.kabupaten) == (NikStatus.PARSED_OK, None)


@pytest.mark.parametrize(
    "number",
    ["", "530299410708123", "53029941070812345", "530299410708123X", "5302993207081234", "5302990013081234",
     "5302993002081234", "0002994107081234", "5302997207081234", "٥٣٠٢٩٩٤١٠٧٠٨١٢٣٤"],
)  # fmt: skip
def test_what_cannot_be_read_says_nothing_and_refuses_nobody(number) -> None:
    assert parse_nik(number, TODAY) == UNREADABLE


def test_an_officers_doubt_makes_a_child_until_it_is_settled() -> None:
    age = assess_age(AgeClaim(years=19, basis=AgeBasis.SELF, doubted=True))

    assert (age.band, age.basis, age.doubt, age.as_child) == ("18-24", AgeBasis.SELF, True, True)


@pytest.mark.parametrize(("claimed", "by_nik"), [(19, 16), (16, 19)])
def test_sources_that_disagree_about_childhood_are_a_doubt(claimed, by_nik) -> None:
    assert assess_age(AgeClaim(years=claimed, basis=AgeBasis.KTP, by_nik=by_nik)).as_child


def test_the_number_stands_in_where_nobody_says_an_age() -> None:
    age = assess_age(AgeClaim(by_nik=30))

    assert (age.band, age.basis, age.as_child) == ("25-34", AgeBasis.NIK, False)


@pytest.mark.parametrize(("years", "band"), [(0, "0-11"), (17, "15-17"), (18, "18-24"), (64, "50-64"), (65, "65+")])
def test_bands_begin_and_end_where_the_statistics_do(years, band) -> None:
    assert assess_age(AgeClaim(years=years)).band == band


def test_a_birthday_counts_from_the_day_itself() -> None:
    assert age_on(date(2008, 5, 14), TODAY) == 18
    assert age_on(date(2008, 5, 15), TODAY) == 17
