"""The preview lab: what a link looks like where it is pasted, and which of the place's limits it breaks."""
