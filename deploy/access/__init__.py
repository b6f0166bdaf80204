"""Who may reach what at Kafka and MongoDB: read from `deploy/access.yaml`, made and compared by `pulang acl`."""
