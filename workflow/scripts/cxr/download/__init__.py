"""Obtaining sources and weights: drawn, linked, checked out or downloaded."""
