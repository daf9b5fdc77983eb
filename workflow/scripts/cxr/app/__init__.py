"""A trained network as a page that runs in a browser, and its model card."""
