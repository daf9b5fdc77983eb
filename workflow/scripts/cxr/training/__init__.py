"""Training networks, reproducibly and resumably."""
