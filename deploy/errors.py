"""Errors that end a command of the operator with one line instead of a traceback."""

from pathlib import Path


class OperatorError(RuntimeError):
    """What the operator asked for could not be done; the message, one line if possible, says what to do.

    `exit_code` is the command's: 1 something is wrong with what was looked at, 2 misuse or a missing tool.
    """

    exit_code = 1


class Misuse(OperatorError):
    """What was typed, or what stands in a file that was named, cannot be right."""

    exit_code = 2


def read_text(file: Path) -> str:
    """What stands in a file that the operator named; raises Misuse where it cannot be read as text."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Misuse(f"{file}: cannot be read as UTF-8 text") from None
