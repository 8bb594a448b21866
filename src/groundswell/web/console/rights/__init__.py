"""The rights manager's pages: rules, drafts and what they would do, the simulator."""
