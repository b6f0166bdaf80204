"""The whole story: scenes, then the checks, then the search for what must not be anywhere."""

import asyncio
from collections.abc import Sequence

import bson
import httpx

from deploy.demo import leaks
from deploy.demo.canaries import Canaries
from deploy.demo.cast import RECIPIENTS_FILE, STAFF_FILE
from deploy.demo.checks import Checks
from deploy.demo.clock import StoryClock, at
from deploy.demo.narration import Narrator
from deploy.demo.scenes import SCENES
from deploy.demo.stage import Stage
from deploy.local.plan import Plan
from deploy.local.platform import Platform

HTTP_TIMEOUT_S = 20.0
LOADING: Sequence[Sequence[str]] = (
    ("staff", "load", str(STAFF_FILE), "--by", "O-90"),
    ("recipients", "load", str(RECIPIENTS_FILE)),
)


def prepare(plan: Plan) -> None:
    """Set the platform's clock to the story's morning, before any of its processes starts."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    StoryClock(plan.clock_file).turn_to(at(4, 30))


def play(platform: Platform, narrator: Narrator) -> bool:
    """Tell the story on a platform that is up and empty; answers whether all of it is true. Raises StoryError.

    The platform has to be `prepare`d, and `LOADING` loaded.
    """
    plan = platform.plan
    since = leaks.oplog_now(plan.mongo_uri)
    checks = asyncio.run(_tell(platform, narrator, since))
    show(narrator, checks)
    return checks.all_hold


async def _tell(platform: Platform, narrator: Narrator, since: bson.Timestamp) -> Checks:
    async with httpx.AsyncClient(timeout=HTTP_TIMEOUT_S) as http:
        stage = Stage(platform, http, narrator, Canaries())
        for scene in SCENES:
            await scene(stage)
        for search in await search_everywhere(platform.plan, stage.canaries.needles, since):
            stage.checks.clean(search)
        return stage.checks


async def search_everywhere(plan: Plan, needles: leaks.Needles, since: bson.Timestamp) -> Sequence[leaks.Search]:
    """Every place in which something of a person could be that belongs into the vault alone."""
    databases = leaks.databases_of(plan.mongo_uri, plan.prefix)
    return [
        await leaks.in_kafka(plan.kafka_bootstrap, plan.prefix, needles),
        leaks.in_logs(plan.logs, needles),
        leaks.in_mail(plan.mail, needles),
        leaks.in_mongo(plan.mongo_uri, databases, since, needles),
    ]


def show(narrator: Narrator, checks: Checks) -> None:
    """A table of all checks, and one line with the result."""
    rows = [
        {
            "": "✓" if check.holds else "✗",
            "fact": check.what,
            "found": "" if check.holds else f"{check.found} (expected: {check.expected})",
        }
        for check in checks.made
    ]
    narrator.console.print()
    narrator.rows("Benarkah semua ini? · Is all of this true?", rows)
    held = sum(check.holds for check in checks.made)
    narrator.console.print(
        f"{held} of {len(checks.made)} facts hold." + ("" if checks.all_hold else " NOT ALL OF IT IS TRUE.")
    )
