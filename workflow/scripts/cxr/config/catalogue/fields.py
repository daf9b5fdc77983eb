"""The recorded fields that networks and classifiers can predict, or predict from."""

TEXTS = ("severity", "location", "country", "sex", "view", "survival")
NUMBERS = ("age_years", "offset_days")
