"""Estimators and how sure they are: consistency, intervals, paired differences, coverage."""
