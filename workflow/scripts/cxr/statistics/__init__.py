"""Metrics, resampling and tests over whole patients."""
