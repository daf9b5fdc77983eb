"""How networks, shortcuts and tags are measured."""
