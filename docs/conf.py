"""The manual's configuration, and two directives of its own:

{inspect}     runs inlay-inspect (in INLAY_INSPECT) with the arguments that it is given, on models of examples/, and shows
              what it prints; or with `:picture: --svg`, or another option that draws, the picture
{reference}   shows a section of the reference, which reference.py makes from the comments of include/
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import reference  # noqa: E402

project = "Inlay"
author = "The Inlay authors"
copyright = author
html_title = "Inlay"
html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["manual.css"]
extensions = ["myst_parser"]
exclude_patterns = ["snippets"]
myst_heading_anchors = 4
nitpicky = True
highlight_language = "none"


class Inspect(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"picture": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        shown = f"inlay-inspect {self.arguments[0]}"
        command = [os.environ["INLAY_INSPECT"], *shlex.split(self.arguments[0])]
        command[1] = str(next((HERE.parent / "examples").rglob(command[1])))
        picture = None
        if "picture" in self.options:
            folder = pathlib.Path(self.env.app.outdir) / "_static" / "pictures"
            folder.mkdir(parents=True, exist_ok=True)
            picture = folder / ("".join(c if c.isalnum() else "_" for c in f"{shown} {self.options['picture']}") + ".svg")
            command += [self.options["picture"], str(picture)]
            shown += f" {self.options['picture']} picture.svg"
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode not in (0, 1):
            raise self.error(f"{shown}: {ran.stderr}")
        if picture is not None:
            up = "../" * self.env.docname.count("/")
            figure = nodes.raw("", f'<figure><img src="{up}_static/pictures/{picture.name}" alt="{shown}">'
                                   f"<figcaption><code>{shown}</code></figcaption></figure>", format="html")
            return [figure]
        printed = (ran.stdout + ran.stderr).replace(command[1], pathlib.Path(command[1]).name)
        text = f"$ {shown}\n{printed.rstrip()}"
        return [nodes.literal_block(text, text, language="console")]


class Reference(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        for path in (HERE.parent / "include" / "inlay").rglob("*.hpp"):
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(reference.markdown(self.arguments[0]), allow_section_headings=True)


def link_files(app: Sphinx, docname: str, source: list[str]) -> None:
    """What a page links to outside of the manual is copied beside it."""
    source[0] = re.sub(r"\]\((\.\./[^)#]+)(?:#[^)]*)?\)", r"](path:\1)", source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", link_files)
    app.add_directive("inspect", Inspect)
    app.add_directive("reference", Reference)
    return {"parallel_read_safe": True}
