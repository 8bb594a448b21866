"""Find the line: every subtitle line of every language, by words, beginnings of words, slips and stems."""
