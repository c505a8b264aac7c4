"""How a failing check becomes words that teach.

`explain.py` puts a failure into words, from what the check did (the harness's step log), what Python said (`rules.py`)
and what the student's source shows (`source.py` and the find_*.py files).
"""
