"""The office's inbox."""

from services.notify import commands, views
from services.notify.api.models import AboutView, InboxPage, MarkBody, NoticeView
from services.notify.domain.notice import Notice
from services.notify.domain.variables import Language
from services.notify.wording import text_of
from shared.http.pages import Page, page_of
from shared.http.problems import bad_parameter
from shared.http.routes import Call, Routes, Target
from shared.security.policy.filters import both

routes = Routes()

PATH = "/v1/inbox"

UNREAD, READ = "unread", "read"
PARTS = {UNREAD: views.unread, READ: views.read}


def notice_view(notice: Notice, call: Call) -> NoticeView:
    """A notice as this reader sees it."""
    text = text_of(notice, call.parts.catalogue, Language(call.lang))
    return NoticeView(
        id=notice.id,
        office=notice.office,
        subject=text.subject,
        body=text.body,
        about=AboutView(kind=notice.about.kind, ref=notice.about.ref),
        happened_at=notice.happened_at,
        created_at=notice.created_at,
        unread=not notice.read_by(call.actor.person),
        readers=len(notice.reads),
    )


@routes.query(
    "GET", PATH, permission="inbox.read", audit="INBOX_LISTED", parameters=("unread", "count", "limit", "after")
)
async def list_inbox(call: Call) -> InboxPage:
    """List the office's notices, those first that the reader has not read, each part newest first.

    `?unread=true` leaves only what the reader has not read, `?unread=false` only what they have. `?count=true` counts
    the unread.
    """
    page = page_of(call, PATH)
    found = await _found(call, page)
    shown = found[: page.limit]
    call.shown.extend(notice for _, notice in shown)
    return InboxPage(
        items=[notice_view(notice, call) for _, notice in shown],
        next=_cursor(*shown[-1], page, call) if len(found) > page.limit else None,
        unread=await _count(call),
    )


async def _count(call: Call) -> int | None:
    if call.query.get("count", "false") not in ("true", "false"):
        raise bad_parameter("count", "NOT_IN_LIST")
    return await call.count(Notice, views.unread(call.actor.person)) if call.query.get("count") == "true" else None


async def _found(call: Call, page: Page) -> list[tuple[str, Notice]]:
    """The page and one more where there is more, each with the part that it stands in."""
    at, _, after = (page.after or "").partition("|")
    found: list[tuple[str, Notice]] = []
    for part in _parts(call):
        if at in ("", part):
            query = both(PARTS[part](call.actor.person), {"_id": {"$lt": after}} if after else {})
            notices = await call.find(Notice, query, sort=[("_id", -1)], limit=page.limit + 1 - len(found))
            found += [(part, notice) for notice in notices]
            at = after = ""
        if len(found) > page.limit:
            break
    return found


def _parts(call: Call) -> tuple[str, ...]:
    choices = {None: (UNREAD, READ), "true": (UNREAD,), "false": (READ,)}
    wanted = call.query.get("unread")
    if wanted not in choices:
        raise bad_parameter("unread", "NOT_IN_LIST")
    return choices[wanted]


def _cursor(part: str, last: Notice, page: Page, call: Call) -> str:
    return call.backing.cursors.seal(f"{part}|{last.id}", page.context)


routes.read(
    f"{PATH}/{{notice}}",
    permission="inbox.read",
    audit="NOTICE_READ",
    on=Target("notice", Notice),
    answer=notice_view,
)


@routes.command(
    "POST",
    f"{PATH}/{{notice}}/moves",
    permission="inbox.mark",
    audit="NOTICE_MARKED",
    on=Target("notice", Notice),
    body=MarkBody,
    answer=notice_view,
)
async def mark(call: Call, body: MarkBody) -> commands.MarkRead:
    """Mark a notice as read, for the caller alone.

    Marks only add up, so no `If-Match` is needed.
    """
    return commands.MarkRead(notice=call.path["notice"], person=call.actor.person)
