"""Who is asking: viewers and staff by the service's JWT, services by key."""
