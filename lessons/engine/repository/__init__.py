"""From files to tags and branches: the stage tags, and the student's work, which no command may lose."""
