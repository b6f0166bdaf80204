"""Words, variables and the checks at loading."""

import pytest
from pydantic import ValidationError

from services.notify.domain.catalogue import catalogue
from services.notify.domain.rule import Rule
from services.notify.domain.template import Template
from services.notify.domain.variables import VARIABLES, Language, raw_value
from services.notify.texts import load_catalogue

SAMPLES = {
    "case_no": "NTT-2026-048213",
    "reference": "0197-ref",
    "checkpoint": "KOE",
    "agency": "NAKER_PROV-53",
    "date": "2026-05-13T20:40:00+00:00",
    "due": "2026-05-14T05:20:00+00:00",
    "link": "https://pulang.example/v1/inbox/abc",
}
WORDS = {
    Language.ID: {
        "checkpoint": "Bandara El Tari, Kupang",
        "agency": "Dinas Koperasi, Tenaga Kerja dan Transmigrasi Provinsi",
        "date": "14 Mei 2026",
        "due": "14 Mei 2026 pukul 13.20 WITA",
    },
    Language.EN: {
        "checkpoint": "El Tari airport, Kupang",
        "agency": "Provincial department of cooperatives, labour and transmigration",
        "date": "14 May 2026",
        "due": "14 May 2026, 13:20 WITA",
    },
}
CATALOGUE = load_catalogue()


def template(**changes: object) -> Template:
    words = {"id": "Perkara {case_no}", "en": "Case {case_no}"}
    return Template.model_validate({"code": "t", "subject": words, "body": words, **changes})


LINK_ALONE = {"id": "{link}", "en": "{link}"}
NEUTRAL = Template.model_validate({"code": "neutral", "subject": LINK_ALONE, "body": LINK_ALONE})


def rule(**changes: object) -> Rule:
    body = {
        "event": "e", "offices": ["lead"], "template": "t", "values": {"case_no": "case_no"},
        "about": {"kind": "CASE", "ref": "case_ref"}, "channels": ["IN_APP"],
    }  # fmt: skip
    return Rule.model_validate({**body, **changes})


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("code", sorted(CATALOGUE.templates))
def test_every_template_reads_in_every_language(code: str, language: Language) -> None:
    text = CATALOGUE.templates[code].render(language, SAMPLES)
    assert text.subject
    assert "\n" not in text.subject
    assert "{" not in text.subject + text.body
    assert SAMPLES["link"] in text.body
    for name in CATALOGUE.templates[code].variables:
        assert WORDS[language].get(name, SAMPLES[name]) in text.subject + text.body


def test_the_two_languages_of_a_template_differ() -> None:
    for each in CATALOGUE.templates.values():
        assert each.body.id != each.body.en
        assert each.subject.id != each.subject.en


def test_a_time_near_midnight_falls_on_the_day_in_nusa_tenggara_timur() -> None:
    assert VARIABLES["date"].words("2025-12-31T16:30:00+00:00", Language.ID) == "1 Januari 2026"


def test_a_stop_without_checkpoint_was_made_on_the_road() -> None:
    assert VARIABLES["checkpoint"].words(None, Language.EN) == "on the road"
    assert VARIABLES["checkpoint"].words(None, Language.ID) == "di jalan"


@pytest.mark.parametrize(
    "place", ["{subject_ref}", "{name}", "{case_no.real}", "{case_no!r}", "{case_no:>9}", "{}", "{0}"]
)
def test_any_other_place_is_refused_at_loading(place: str) -> None:
    with pytest.raises(ValidationError):
        template(body={"id": place, "en": place})


def test_a_translation_that_forgets_a_variable_is_refused() -> None:
    with pytest.raises(ValidationError, match="different variables"):
        template(body={"id": "Perkara {case_no}", "en": "The case"})


def test_a_subject_of_two_lines_is_refused() -> None:
    with pytest.raises(ValidationError, match="one line"):
        template(subject={"id": "a\nb", "en": "a"})


def test_a_rule_without_its_template_is_refused() -> None:
    with pytest.raises(ValueError, match="no template"):
        catalogue([rule(template="other")], [template(), NEUTRAL])


@pytest.mark.parametrize("values", [{}, {"case_no": "case_no", "date": "occurred_at"}])
def test_a_rule_gives_its_template_exactly_the_values_that_it_needs(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="missing or idle"):
        catalogue([rule(values=values)], [template(), NEUTRAL])


def test_a_template_that_no_rule_uses_is_refused() -> None:
    with pytest.raises(ValueError, match="no rule uses"):
        catalogue([rule()], [template(), template(code="idle"), NEUTRAL])


def test_a_rule_with_a_value_that_is_no_variable_is_refused() -> None:
    with pytest.raises(ValidationError, match="no variable"):
        rule(values={"name": "name"})


def test_every_rule_reaches_the_inbox() -> None:
    with pytest.raises(ValidationError, match="inbox"):
        rule(channels=["EMAIL"])


@pytest.mark.parametrize(
    ("name", "value"), [("case_no", "Maria"), ("checkpoint", "El Tari"), ("date", "soon"), ("due", None)]
)
def test_a_value_of_another_shape_is_refused_without_being_quoted(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^not a {name}$"):
        raw_value(name, value)


def test_the_neutral_template_is_always_there() -> None:
    with pytest.raises(ValueError, match="neutral"):
        catalogue([rule()], [template()])


def test_a_notice_that_no_longer_fits_its_template_reads_neutrally() -> None:
    texts = catalogue([rule()], [template(), NEUTRAL])
    for code in ("gone", "t"):
        assert texts.render(code, Language.EN, {"link": "/x"}).body == "/x"
