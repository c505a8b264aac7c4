"""The commands of a student, a module for each."""
