"""The data of the report's explorer: maps, grids, fields, galleries and pictures.

All but the pictures is embedded in one page, so it has to be small: coordinates and counts
are packed columns, labels are stored of the best cells only, thumbnails as sheets.
"""
