"""Features of images: from trained networks, backbones, or files."""
