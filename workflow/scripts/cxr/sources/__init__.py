"""One module a data source layout: each reads what was downloaded into the shared schema."""
