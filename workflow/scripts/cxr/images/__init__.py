"""Image files: decoding, inspection, canonical pixels, duplicates, lungs."""
