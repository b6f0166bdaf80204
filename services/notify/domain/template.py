"""A message's words in every language."""

from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter

from pydantic import BaseModel, ConfigDict, model_validator

from services.notify.domain.variables import VARIABLES, Language, Values


class Words(BaseModel):
    """One text in both languages, with `{variable}` places."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    en: str

    def pieces(self, language: Language) -> Iterator[tuple[str, str | None]]:
        """Literal text, each with the variable that follows it; raises ValueError for any other kind of place."""
        for literal, name, spec, conversion in Formatter().parse(getattr(self, language)):
            if name is not None and (name not in VARIABLES or spec or conversion):
                raise ValueError(f"not a variable of messages: {name!r}")
            yield literal, name

    def variables(self, language: Language) -> set[str]:
        """The variables that occur."""
        return {name for _, name in self.pieces(language) if name is not None}

    def render(self, language: Language, values: Values) -> str:
        """The finished text; raises KeyError where a value is missing."""
        return "".join(
            literal + ("" if name is None else VARIABLES[name].words(values[name], language))
            for literal, name in self.pieces(language)
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered message."""

    subject: str
    body: str


class Template(BaseModel):
    """Subject and body. A place for anything but a whitelisted variable is refused when the file is loaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    subject: Words
    body: Words

    @model_validator(mode="after")
    def _languages_agree(self) -> "Template":
        for words in (self.subject, self.body):
            if words.variables(Language.ID) != words.variables(Language.EN):
                raise ValueError(f"{self.code}: the two languages use different variables")
        if any("\n" in getattr(self.subject, language) for language in Language):
            raise ValueError(f"{self.code}: a subject is one line")
        return self

    @property
    def variables(self) -> set[str]:
        """All variables that the template needs."""
        return self.subject.variables(Language.ID) | self.body.variables(Language.ID)

    def render(self, language: Language, values: Values) -> Text:
        """Subject and body in this language; raises KeyError where a value is missing."""
        return Text(self.subject.render(language, values), self.body.render(language, values))
