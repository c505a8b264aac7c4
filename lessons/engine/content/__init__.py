"""From the text of the lessons to the files of a stage: pure, but for `disk.py`, and for what reads the catalogue."""
