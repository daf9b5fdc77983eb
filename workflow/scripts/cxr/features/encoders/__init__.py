"""Published encoders: their weights, their preprocessing, their features."""
