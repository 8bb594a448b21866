"""What a catalogue wants to know of a title: shots, stills, storyboard, waveform, suggestions."""
