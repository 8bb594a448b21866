"""Sources: opened, probed, their packets gathered and their frames decoded."""
