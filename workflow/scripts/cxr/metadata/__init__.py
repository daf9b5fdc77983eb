"""The shared schema of all sources, and what turns their texts into it."""
