"""`python -m services.cases api|worker|relay|clock|all`."""

import sys

from shared.service.main import main

if __name__ == "__main__":
    main("services.cases", sys.argv[1:])
