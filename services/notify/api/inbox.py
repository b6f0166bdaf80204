"""The office's inbox."""

from services.notify import commands, views
from services.notify.api.models import AboutView, InboxPage, MarkBody, NoticeView
from services.notify.domain.notice import Notice
from services.notify.domain.variables import Language
from services.notify.wording import text_of
from shared.http.pages import next_cursor, page_of, page_query
from shared.http.problems import bad_parameter
from shared.http.routes import Call, Routes, Target
from shared.security.permissions import Filter, both

routes = Routes()

PATH = "/v1/inbox"


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


@routes.query("GET", PATH, permission="inbox.read", audit="INBOX_LISTED", parameters=("unread",))
async def list_inbox(call: Call) -> InboxPage:
    """List the office's notices.

    Newest first. `?unread=true` leaves only what the reader has not read, `?unread=false` only what they have.
    """
    page = page_of(call, PATH)
    query = both(_chosen(call), page_query(page))
    found = await call.find(Notice, query, sort=[("_id", -1)], limit=page.limit + 1)
    return InboxPage(
        items=[notice_view(notice, call) for notice in found[: page.limit]],
        next=next_cursor(page, found, call),
        unread=len(await call.find(Notice, views.unread(call.actor.person))),
    )


def _chosen(call: Call) -> Filter:
    choices = {None: {}, "true": views.unread(call.actor.person), "false": views.read(call.actor.person)}
    wanted = call.query.get("unread")
    if wanted not in choices:
        raise bad_parameter("unread", "NOT_IN_LIST")
    return choices[wanted]


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
