"""What the engine writes: output times, the MP4 file, and the check of it as a player would see it."""
