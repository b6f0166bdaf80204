"""The documents that are made from code and data are those of this code and data."""

from deploy.docs import generated
from tests.architecture.test_house import ROOT


def test_generated_documents_are_up_to_date() -> None:
    rotten = [str(path) for path, text in generated().items() if (ROOT / path).read_text("utf-8") != text]
    assert rotten == [], "run `make docs`"
