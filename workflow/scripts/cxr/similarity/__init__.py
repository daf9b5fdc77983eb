"""The most similar images: the search, how well it serves, and severity by it."""
