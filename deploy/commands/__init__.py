"""The groups of the operator's command `pulang`, one module each with its typer app in `app`."""
