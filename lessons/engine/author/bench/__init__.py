"""How fast a message comes to everyone: this chat beside others, and where its time goes.

`race` measures, each server and the crowd of tabs in a process of its own, and `joining` how long many people take to
come in, and `tapped` what `make wire` costs. `trace` looks at one message from inside. `plot` draws what the race and
the trace have found.
"""
