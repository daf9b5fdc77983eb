"""What a study was made of and by what, in formats that others read."""
