"""Errors that end a command of the operator with one line instead of a traceback."""


class OperatorError(RuntimeError):
    """What the operator asked for could not be done; the message, one line if possible, says what to do.

    `exit_code` is the command's: 1 something is wrong with what was looked at, 2 misuse or a missing tool.
    """

    exit_code = 1
