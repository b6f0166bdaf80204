"""Intake over HTTP."""

from services.intake.api import consents, holds, interdictions, moves, rights, screenings, searches, subjects
from shared.http import seals

ROUTES = (
    interdictions.routes,
    subjects.routes,
    searches.routes,
    screenings.routes,
    consents.routes,
    moves.routes,
    rights.routes,
    holds.routes,
    seals.routes,
)
