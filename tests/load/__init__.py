"""What the finished chat bears: many people, floods, silence, nonsense, sudden ends.

`make check ONLY=load` runs all of it, `make check ONLY="load: crowd"` one file. pytest does, too:
`python -m pytest --full --all -s tests/load/test_crowd.py`. `make test` leaves this folder alone, for it takes minutes.
"""
