"""The typed config: the one source of validation, defaults, JSON Schema and documentation."""
