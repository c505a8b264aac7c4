"""What it takes to run a website and to look at it: servers, browsers, Redis, and those who open a connection."""
