"""What people have, looked at before a study is run: folders, tables, and whether they fit."""
