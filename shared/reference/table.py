"""A code list out of a packaged CSV file."""

import csv
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import resources
from io import StringIO
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """One row of a code list. An empty cell is null."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str


class Labelled(Row):
    """A code that people see, with its words in Bahasa Indonesia and English."""

    label_id: str
    label_en: str

    def label(self, lang: str) -> str:
        """The words in this language; Indonesian unless English is asked for."""
        return self.label_en if lang == "en" else self.label_id


R = TypeVar("R", bound=Row)


class Table(Mapping[str, R], Generic[R]):
    """Rows by their code, in the file's order. Nothing is read before the first look; raises where a row is wrong."""

    def __init__(self, kind: type[R], file: str) -> None:
        self._kind = kind
        self._file = file

    @cached_property
    def _rows(self) -> dict[str, R]:
        text = resources.files("shared.reference").joinpath("data", self._file).read_text("utf-8")
        lines = csv.DictReader(StringIO(text, newline=""), strict=True)
        rows = [self._kind.model_validate({k: v or None for k, v in line.items()}) for line in lines]
        table = {row.code: row for row in rows}
        if len(table) != len(rows):
            raise ValueError(f"{self._file}: a code appears twice")
        return table

    def __getitem__(self, code: str) -> R:
        return self._rows[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
