"""What differs from machine to machine: the environment, and the file .env beside manage.py."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]


def read(path):
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


env = {**read(BASE_DIR / ".env"), **os.environ}
