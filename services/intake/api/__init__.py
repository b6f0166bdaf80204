"""Intake over HTTP."""

from services.intake.api import consents, holds, interdictions, moves, rights, screenings, subjects

ROUTES = (
    interdictions.routes,
    subjects.routes,
    screenings.routes,
    consents.routes,
    moves.routes,
    rights.routes,
    holds.routes,
)
