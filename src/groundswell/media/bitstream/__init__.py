"""H.264 and H.265 below the container: bits, NAL units, parameter sets."""
