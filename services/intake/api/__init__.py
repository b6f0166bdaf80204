"""Intake over HTTP."""

from services.intake.api import consents, interdictions, moves, screenings, subjects

ROUTES = (interdictions.routes, subjects.routes, screenings.routes, consents.routes, moves.routes)
