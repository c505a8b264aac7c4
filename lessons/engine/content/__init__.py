"""From the text of the lessons to the files of each stage: pure, but for `disk.py`, and for reading the catalogue."""
