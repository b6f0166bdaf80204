"""A notice in a reader's language."""

from services.notify.domain.catalogue import Catalogue
from services.notify.domain.notice import Notice, link_path
from services.notify.domain.template import Text
from services.notify.domain.variables import LINK, Language


def text_of(notice: Notice, catalogue: Catalogue, language: Language, public_url: str = "") -> Text:
    """Subject and body; the link is a path where no address of the platform is given."""
    values = {**notice.values, LINK: public_url + link_path(notice.id)}
    return catalogue.render(notice.template, language, values)
