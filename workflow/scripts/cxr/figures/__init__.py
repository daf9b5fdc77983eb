"""Every static figure, in one style: SVG, 180 mm wide, the same bytes for the same data."""
