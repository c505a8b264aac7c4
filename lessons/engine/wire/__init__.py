"""`make wire`: the student's own website, with a tap on every connection, and a page that draws what happens.

`events.py` says what an event is, `recorder.py` keeps them, `tap.py` and `layer_tap.py` hear them, `server.py` serves
the page, and `run.py` is the command, which begins `child.py` anew at every save.

For the diagrams in the lessons: `scenes.py` says who does what, `people.py` has those who do it, `record.py` lets them
do it before a tapped server, and `mermaid.py` draws what was heard.
"""
