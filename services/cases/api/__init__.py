"""The service's routes."""

from services.cases.api import (
    access,
    breaches,
    cases,
    consents,
    emergencies,
    files,
    partner_events,
    referrals,
    seals,
    staff,
    tasks,
    timeline,
)
from shared.http import seals as reported_seals

ROUTES = (
    cases.routes,
    seals.routes,
    access.routes,
    emergencies.routes,
    consents.routes,
    referrals.routes,
    files.routes,
    timeline.routes,
    tasks.routes,
    staff.routes,
    breaches.routes,
    partner_events.routes,
    reported_seals.routes,
)
