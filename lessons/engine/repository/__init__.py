"""Git: the stage tags, the student's branches with their databases, and the work that no command may lose."""
