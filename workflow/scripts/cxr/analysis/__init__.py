"""Analysis of the recorded fields: description, associations, classifiers."""
