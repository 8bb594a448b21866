"""Who made a visit: what the client shows, robots by name, the verdict, and the verdict that stands."""
