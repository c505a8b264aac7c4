"""The commands of an author: prove the course, write its code, draw its pictures, make the book, measure."""
