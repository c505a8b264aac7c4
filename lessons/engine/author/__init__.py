"""The commands of an author, a module or a package for each: check, write, pictures, book, bench."""
