"""The way in for agencies whose systems cannot speak Kafka: what they would write to their topic, over HTTP."""

from services.cases.domain.agency_file import AgencyFile
from shared.http.routes import Routes

routes = Routes()

routes.inbox("/v1/partner-events", permission="file.report", audit="FACTS_REPORTED", kind=AgencyFile)
