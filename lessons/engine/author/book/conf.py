"""How Sphinx makes the site. It is read by Sphinx alone; build.py calls it."""

project = "Build a chat"
author = "its authors"
html_title = "Build a chat with Django Channels"
extensions = ["myst_nb", "sphinx_copybutton"]

# Markdown
smartquotes = False  # as the lessons write them
myst_heading_anchors = 4  # a link to `#step-2` finds its heading, as on a code host
myst_enable_extensions = ["html_image"]
nb_execution_mode = "off"  # notebooks.py has run them, each in its own stage

# The look
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_copy_source = False
html_use_index = False
html_show_copyright = False

# The button copies what is to be typed: of a console only the commands; nothing of an output, nor of a change
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_selector = (
    ".highlight-console pre, .highlight-python pre, .highlight-html\\+django pre, "
    ".highlight-javascript pre, .highlight-css pre, .highlight-ini pre, .highlight-nginx pre, .highlight-ipython3 pre"
)
