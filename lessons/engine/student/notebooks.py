"""`make notebooks`: JupyterLab in notebooks/, with this Python as its kernel, and without a word to the outside."""

import os
import sys
from pathlib import Path

from ..paths import ROOT
from ..process import run_in_foreground, start_with_browser

OPTIONS = [
    "--ServerApp.root_dir=notebooks",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.answer_yes=True",  # one Ctrl-C ends it
    "--ServerApp.allow_root=True",  # in a container everybody is; it listens on this machine only, and wants a token
    "--ServerApp.log_level=WARN",
    "--LabApp.log_level=WARN",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",  # the other one asks a package index
]


def open_notebooks() -> int:
    """Open JupyterLab until Ctrl-C. Whatever it wants to remember goes to .jupyter, which git ignores."""
    print("JupyterLab opens in your browser. If it does not, open the address that begins with http://127.0.0.1.")
    print("It runs on this machine only. Save with Ctrl-S; Ctrl-C in this terminal stops it.", flush=True)
    return run_in_foreground([sys.executable, "-m", "jupyterlab", *OPTIONS], environment(), start=start_with_browser)


def environment() -> dict[str, str]:
    """Return the environment, with Jupyter's folders here: another Jupyter's settings and kernels stay out of it.

    The folder in which they lie is made: where it is missing, IPython takes a temporary one.
    """
    folder = ROOT / ".jupyter"
    folder.mkdir(exist_ok=True)
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    environ["JUPYTER_CONFIG_PATH"] = str(Path(__file__).with_name("jupyter"))  # never asks whether we want its news
    return {**environ, **{name: str(folder / place) for name, place in own.items()}}
