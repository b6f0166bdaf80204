"""`python -m services.notify api|worker|relay|clock|all`."""

import sys

from shared.service.main import main

if __name__ == "__main__":
    main("services.notify", sys.argv[1:])
