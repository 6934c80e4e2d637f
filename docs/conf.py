"""Sphinx: Markdown pages through MyST, the theme furo; `make docs` builds with warnings as errors."""

from importlib.metadata import version as installed_version

project = "imapkit"
author = "the imapkit authors"
project_copyright = "the imapkit authors"
version = release = installed_version("imapkit")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = f"imapkit {release}"
