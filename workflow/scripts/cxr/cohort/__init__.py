"""Choosing, balancing, tagging and dividing the images of a study."""
