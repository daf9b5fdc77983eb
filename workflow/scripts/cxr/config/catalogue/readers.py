"""The readers of sources, each a module of `cxr.sources`.

A new one needs its name here and its function in `cxr.sources.readers.READERS`.
"""

# Layouts in which data sets are published.
PUBLISHED = ("covid_ct", "ieee8023", "kermany")
# A table and a folder of images.
TABLE = "table"
