"""The report in a real browser."""

CHROMIUM = "chromium"
