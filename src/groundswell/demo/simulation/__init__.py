"""A synthetic audience whose truth is known: drawn from a seed, played to a service through its public API."""
