"""Experiments: assignment, exposure, lift with intervals, sample size."""
