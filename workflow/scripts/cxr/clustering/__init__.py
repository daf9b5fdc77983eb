"""The grid of clusterings: DBSCAN, HDBSCAN, validity, ranking."""
