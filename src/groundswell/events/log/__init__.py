"""The event log itself: group commit by COPY, daily partitions, conflicts, retention."""
