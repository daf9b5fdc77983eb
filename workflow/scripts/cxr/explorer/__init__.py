"""The data that a reader explores in the report: maps, grids, fields and thumbnails.

Everything is made to be small, since it all lies inside one page: coordinates
and counts as packed columns, labels of the best cells alone, thumbnails as a
few sheets.
"""
