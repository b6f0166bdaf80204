"""What can go wrong while a local stack is started or looked for."""

from deploy.errors import OperatorError


class LocalStackError(OperatorError):
    """The stack could not be started or stopped."""


class ServerFailedError(LocalStackError):
    """A server ended, or did not answer in time; the message ends with the last lines of its log."""


class AlreadyRunningError(LocalStackError):
    """Another stack holds this data folder."""

    exit_code = 2


class MissingToolError(LocalStackError):
    """This machine lacks something that has to be installed first; the message is one line that names it."""

    exit_code = 2
