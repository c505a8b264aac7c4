"""`make book`: the lessons and notebooks as a site that needs no network. See build.py, where it begins."""
