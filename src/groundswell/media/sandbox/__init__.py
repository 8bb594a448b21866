"""Media work in a process of its own, bounded in time and memory."""
