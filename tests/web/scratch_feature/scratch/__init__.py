"""Notes that staff leave each other: a feature that is only there while a test adds and removes it."""
