"""Sound: copied where that is exact, else decoded, cut to the sample and encoded."""
