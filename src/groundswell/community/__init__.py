"""People around a moment: who follows whom, what they feel at which second, and what they say."""
