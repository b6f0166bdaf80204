"""`python -m services.cases api|worker|relay|clock|all`."""

import sys

from services.cases.app import service
from services.cases.settings import Settings
from shared.service.main import main

if __name__ == "__main__":
    main(service, Settings, sys.argv[1:])
