from .base import *  # noqa: F403
from .chat import *  # noqa: F403
