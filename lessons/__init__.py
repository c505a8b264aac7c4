"""The lessons, and in `lessons.engine` the tool that makes every stage's code from them."""
