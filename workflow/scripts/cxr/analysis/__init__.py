"""What the recorded fields say of each other, before any image is looked at."""
