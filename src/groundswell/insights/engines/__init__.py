"""The engines that reports can be computed on. ``GROUNDSWELL_ANALYTICS_URL`` chooses one."""
