"""The viewer's pages: where links lead, one's own moments, Discover."""
