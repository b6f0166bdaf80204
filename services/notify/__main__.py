"""`python -m services.notify api|worker|relay|clock|all`."""

import sys

from services.notify.app import service
from services.notify.settings import Settings
from shared.service.main import main

if __name__ == "__main__":
    main(service, Settings, sys.argv[1:])
