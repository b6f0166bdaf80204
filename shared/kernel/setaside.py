"""What the runtime tells a service of a partner's fact that it set aside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FactSetAside:
    """A partner's readable fact was refused, and waits in quarantine. A service may have a command's rule for it.

    `owner` is the code of the agency that sent it, `reason` the code of the refusal, `reference` where it waits. What
    came twice is told twice.
    """

    owner: str
    reason: str
    reference: str
