"""The HTML report: one page that needs nothing else, and its tables as pages of their own."""
