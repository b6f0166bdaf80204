"""Everything that one HTTP interface needs besides its own routes. `routes` is where a service begins."""
