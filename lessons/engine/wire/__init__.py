"""`make wire`: the student's own website, with a tap on every connection, and a page that draws what happens.

`events.py` says what an event is, `recorder.py` keeps them, `tap.py` hears them, `server.py` serves the page, and
`run.py` is the command, which begins `child.py` anew at every save.
"""
