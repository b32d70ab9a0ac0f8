"""Sphinx's settings for the documentation as a site; packaging/site/build uses them."""

from __future__ import annotations

from telespool import __version__

project = "Telespool"
release = __version__
html_title = f"Telespool {release}"
language = "en"

extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 4  # links such as configuration.md#inbox
suppress_warnings = ["myst.header"]  # a page may begin with its second level
nitpicky = True

html_theme = "furo"
html_show_sphinx = False
html_show_copyright = False
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
