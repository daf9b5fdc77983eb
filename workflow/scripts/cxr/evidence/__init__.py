"""Whether clusters mean anything: nulls, separation, stability, associations, a verdict."""
