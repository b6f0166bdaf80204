"""`python -m services.intake api|worker|relay|clock|all`."""

import sys

from services.intake.app import service
from services.intake.settings import Settings
from shared.service.main import main

if __name__ == "__main__":
    main(service, Settings, sys.argv[1:])
