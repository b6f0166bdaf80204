"""How a service is put together and run: the same composition and the same roles for all three."""
