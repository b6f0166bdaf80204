"""`python -m services.intake api|worker|relay|clock|all`."""

import sys

from shared.service.main import main

if __name__ == "__main__":
    main("services.intake", sys.argv[1:])
