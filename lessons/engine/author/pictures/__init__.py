"""`make pictures`: what the lessons show is drawn and photographed from the code that they make."""
