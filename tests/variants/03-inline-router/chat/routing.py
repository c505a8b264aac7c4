# The routes stand in mywebsite/asgi.py.
