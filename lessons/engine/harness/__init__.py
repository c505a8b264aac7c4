"""What runs a website and looks at it: servers, browser, Redis, and the clients that open a connection."""
