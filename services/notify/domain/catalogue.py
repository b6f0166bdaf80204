"""All rules and templates, checked against each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.notify.domain.rule import Rule
from services.notify.domain.template import Template, Text
from services.notify.domain.variables import LINK, Language, Values

NEUTRAL = "neutral"
"""The template of a notice whose own is gone or has changed since; it says no more than that there is something."""


@dataclass(frozen=True)
class Catalogue:
    """What can be said and when. Several rules may answer one event; an office hears the first that names it."""

    rules: Mapping[str, tuple[Rule, ...]]
    """By event type."""
    templates: Mapping[str, Template]
    """By code."""

    def render(self, code: str, language: Language, values: Values) -> Text:
        """The text; an older release's notice that no longer fits its template reads neutrally."""
        try:
            return self.templates[code].render(language, values)
        except KeyError:
            return self.templates[NEUTRAL].render(language, values)


def catalogue(rules: Iterable[Rule], templates: Iterable[Template]) -> Catalogue:
    """Put both together; raises ValueError where a rule and its template don't fit or a template is never used."""
    by_code = {template.code: template for template in templates}
    by_event: dict[str, tuple[Rule, ...]] = {}
    for rule in rules:
        _check(rule, by_code)
        by_event[rule.event] = (*by_event.get(rule.event, ()), rule)
    if NEUTRAL not in by_code or by_code[NEUTRAL].variables != {LINK}:
        raise ValueError("the neutral template is missing or needs more than a link")
    idle = by_code.keys() - {NEUTRAL} - {rule.template for rules in by_event.values() for rule in rules}
    if idle:
        raise ValueError(f"no rule uses the templates {sorted(idle)}")
    return Catalogue(by_event, by_code)


def _check(rule: Rule, templates: Mapping[str, Template]) -> None:
    template = templates.get(rule.template)
    if template is None:
        raise ValueError(f"{rule.event}: no template {rule.template}")
    differing = (template.variables - {LINK}) ^ rule.values.keys()
    if differing:
        raise ValueError(f"{rule.event}: missing or idle values {sorted(differing)}")
