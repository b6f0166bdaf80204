"""What a person may do in intake. Ciphertexts are made before: a command carries codes, references and bytes."""

from services.intake.commands import (
    consents,
    erasures,
    holds,
    indexing,
    interdictions,
    moves,
    rights,
    screenings,
    subjects,
)
from shared.kernel.rulebook import Rulebook

commands = Rulebook().including(
    interdictions.commands,
    subjects.commands,
    screenings.commands,
    consents.commands,
    moves.commands,
    rights.commands,
    holds.commands,
    erasures.commands,
    indexing.commands,
)
