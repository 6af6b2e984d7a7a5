"""The Sphinx configuration of this site, which `make docs` builds."""

from pygments.lexer import RegexLexer
from pygments.lexers.data import YamlLexer
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String
from sphinx.application import Sphinx

from replay import __version__

project = "replay"
author = "The replay authors"
project_copyright = "the replay authors"
release = __version__
extensions = ["myst_parser"]
exclude_patterns = ["pictures"]
html_theme = "furo"
html_title = "replay"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#7ab8ff", "color-brand-content": "#7ab8ff"},
}
myst_heading_anchors = 3
pygments_style = "default"
pygments_dark_style = "github-dark"


class WireLog(RegexLexer):
    """A wire log, coloured by side."""

    name = "wire log"
    tokens = {  # noqa: RUF012
        "root": [
            (r"#.*", Comment),
            (r'"(?:[^"\\\n]|\\.)*"', String),
            (r"\bTX\b", Generic.Inserted),
            (r"\bRX\b", Generic.Deleted),
            (r"\b(OCTETS|FRAME|MESSAGE|TCP|FAIL|CLOSE|DELAY|TIMEOUT)\b", Keyword),
            (r"\b[A-Z][A-Z0-9-]*(?==)", Name.Attribute),
            (r"\b[0-9a-f]+\b", Number.Hex),
            (r"[()*=,:+]", Operator),
            (r"\s+|.", Name),
        ]
    }


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_lexer("wirelog", WireLog)
    app.add_lexer("wirelog-error", WireLog)
    app.add_lexer("yaml-error", YamlLexer)
