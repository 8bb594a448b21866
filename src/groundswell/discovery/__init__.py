"""What is catching on: heat of moments, scenes the crowd keeps clipping, the heatmap of a title."""
