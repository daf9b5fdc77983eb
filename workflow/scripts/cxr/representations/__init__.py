"""Networks, encoders and controls side by side: what their features know of class and fields."""
