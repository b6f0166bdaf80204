"""One person out of a request, for stops and for reports alike."""

from typing import Any

from services.intake import sealing
from services.intake.api.fields import PersonBody
from services.intake.commands.subjects import Taken
from services.intake.parts import Parts
from shared.events.envelope import Moment
from shared.kernel.ids import new_id
from shared.security.vaulted import INWARDS, Vaulted


async def taken(parts: Parts, body: PersonBody, occurred_at: Moment, noticed: tuple[str, ...] = ()) -> Taken:
    """The person as a command carries them: sealed, with codes alone in the open."""
    ref = body.ref or new_id()
    nik = sealing.nik_on(body.identity.nik, occurred_at)
    identity: dict[str, Any] = body.identity.model_dump(mode="json", context=INWARDS)
    typed = sealing.Typed(
        identity=sealing.with_number_read(Vaulted(identity), occurred_at),
        sensitive=Vaulted({"indicators": sorted(noticed), "note": body.note}),
    )
    claim = sealing.claim_of(
        body.age, body.age_basis, body.identity.birth_date, nik, doubted=body.age_doubt, on=occurred_at
    )
    return Taken(
        ref=ref,
        sex=body.sex,
        kabupaten=sealing.home_of(body.kabupaten, body.identity.village),
        age=claim,
        signs=bool(noticed),
        sealed=await sealing.seal(parts, ref, typed),
    )
