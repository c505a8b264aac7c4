"""The lesson engine. Start reading at `commands.py`; the pure middle is `lesson.py`, `change.py` and `stages.py`."""
