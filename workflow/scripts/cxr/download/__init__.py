"""Obtaining sources and weights: made, linked, checked out or downloaded."""
