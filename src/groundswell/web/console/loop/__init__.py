"""The marketer's pages: the loop in numbers, by dimension, by cohort, live, by week."""
