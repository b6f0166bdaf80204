"""What the services say to each other: envelope, one module per topic and major version, registry and codec."""
