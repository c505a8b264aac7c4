"""The tool behind `make`. Start reading at `cli.py`, the table of commands.

`content` makes the files of a stage from the text of the lessons, `repository` keeps them and the student's work in
git, `harness` runs a website and looks at it. `wire` is `make wire`. `student` and `author` have a module for each
command. Which package imports which is drawn in CONTRIBUTING.md, "The layout".
"""
