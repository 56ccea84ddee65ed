"""How the documentation is built: Sphinx, furo, MyST."""

import django_logtail

project = "django-logtail"
author = "the django-logtail authors"
copyright = "the django-logtail authors"
version = release = django_logtail.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"django-logtail {release}"
nitpicky = True
