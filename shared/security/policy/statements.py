"""A policy file's text, cut into its statements, each with the line on which it begins."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r'//[^\n]*|"(?:[^"\\]|\\.)*"|\S', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy's text and where it stands."""

    file: str
    line: int
    text: str

    @property
    def place(self) -> str:
        """File and line, as editors take them."""
        return f"{self.file}:{self.line}"


def statements(text: str, file: str) -> Iterator[Statement]:
    """Each policy of a file. What follows the last semicolon comes last, for the parser to complain about."""
    start: int | None = None
    for token in _TOKEN.finditer(text):
        if token[0].startswith("//"):
            continue
        start = token.start() if start is None else start
        if token[0] == ";":
            yield _statement(text, file, start, token.end())
            start = None
    if start is not None:
        yield _statement(text, file, start, len(text))


def _statement(text: str, file: str, start: int, end: int) -> Statement:
    return Statement(file, text.count("\n", 0, start) + 1, text[start:end])
