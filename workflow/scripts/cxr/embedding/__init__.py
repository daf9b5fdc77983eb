"""Two-dimensional maps: nearest neighbours, PCA, t-SNE."""
