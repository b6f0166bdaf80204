"""What ends the story early."""

from deploy.errors import OperatorError


class StoryError(OperatorError):
    """Something that the story needs did not happen."""
