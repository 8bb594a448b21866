"""ISO 14496-12 (MP4) boxes: walk them, read and write movie fragments and init segments."""
