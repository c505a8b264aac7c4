"""`make check`: the proof that the course is right, as jobs that run side by side. See check.py, where it begins."""
