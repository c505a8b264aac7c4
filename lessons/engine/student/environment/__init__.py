"""The virtual environment: what is in it, what pip does to it, and where it is. Standard library only."""
