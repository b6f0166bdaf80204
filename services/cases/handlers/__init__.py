"""What the other services, the partner agencies and the clock report, and what follows for cases."""

from services.cases.handlers import aside, breach, clock, emergency, intake, notices, partners
from shared.kernel.rulebook import Rulebook

handlers = Rulebook().including(
    intake.handlers,
    partners.handlers,
    notices.handlers,
    clock.handlers,
    breach.handlers,
    emergency.handlers,
    aside.handlers,
)
