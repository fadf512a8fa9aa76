"""A page of text, tables and pictures, and its two forms: one HTML file that needs nothing else, and Markdown with pictures beside it."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #8886}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem .25rem 0;border-bottom:1px solid #8884;text-align:right;vertical-align:top}
th:first-child,td:first-child,.facts td{text-align:left}.facts td{overflow-wrap:anywhere}.facts td:first-child{white-space:nowrap}
figure{margin:1rem 0}figcaption{font-size:.85rem}
img{max-width:100%;height:auto;background:#fff;border-radius:.4rem}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(8rem,1fr));gap:.8rem}.gallery figure{margin:0}.gallery img{width:8rem}
pre{overflow-x:auto;padding:.8rem;background:#8882;border-radius:.4rem}
"""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of texts under their columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    values: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Code:
    """A file's text, folded away in HTML."""

    title: str
    text: str


@dataclass(frozen=True)
class Picture:
    """A PNG with what it shows."""

    file_name: str
    png: bytes
    caption: str


@dataclass(frozen=True)
class Gallery:
    """Small pictures side by side."""

    pictures: Sequence[Picture]


Block = Text | Table | Facts | Code | Picture | Gallery


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A whole page."""

    title: str
    sections: Sequence[Section]

    def pictures(self) -> Iterator[Picture]:
        """Yield every picture, in order."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Picture):
                    yield block
                elif isinstance(block, Gallery):
                    yield from block.pictures


def to_html(page: Page) -> str:
    """Return one HTML file: styles and pictures inside, no script, nothing from elsewhere."""
    body = "".join(
        f"<h2>{escape(section.title)}</h2>\n" + "".join(_html_block(block) + "\n" for block in section.blocks) for section in page.sections
    )
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)}</title>\n<style>{STYLE}</style>\n<h1>{escape(page.title)}</h1>\n{body}</html>\n"
    )


def _html_block(block: Block) -> str:
    match block:
        case Text(text):
            return f"<p>{escape(text)}</p>"
        case Table(columns, rows):
            return f'<div class="scroll"><table><tr>{_cells(columns, "th")}</tr>{_rows(rows)}</table></div>'
        case Facts(values):
            return f'<table class="facts">{_rows(values)}</table>'
        case Code(title, text):
            return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"
        case Picture():
            return _html_picture(block)
        case Gallery(pictures):
            return f'<div class="gallery">{"".join(_html_picture(picture) for picture in pictures)}</div>'


def _rows(rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in rows)


def _cells(texts: Sequence[str], tag: str) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)


def _html_picture(picture: Picture) -> str:
    source = f"data:image/png;base64,{base64.b64encode(picture.png).decode('ascii')}"
    caption = escape(picture.caption)
    return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def to_markdown(page: Page) -> str:
    """Return Markdown whose pictures stand beside it under their file names."""
    parts = [f"# {_mark(page.title)}\n"]
    for section in page.sections:
        parts.append(f"## {_mark(section.title)}\n")
        parts.extend(_markdown_block(block) for block in section.blocks)
    return "\n".join(parts)


def _markdown_block(block: Block) -> str:
    match block:
        case Text(text):
            return f"{_mark(text)}\n"
        case Table(columns, rows):
            return _lines([columns, ["---", *["---:"] * (len(columns) - 1)], *rows])
        case Facts(values):
            return _lines([("", ""), ("---", "---"), *values])
        case Code(title, text):
            return f"{_mark(title)}:\n\n```toml\n{text.rstrip()}\n```\n"
        case Picture(file_name, _, caption):
            return f"![{_mark(caption)}]({file_name})\n\n{_mark(caption)}\n"
        case Gallery(pictures):
            return _lines([("picture", "what"), ("---", "---"), *((f"![]({one.file_name})", one.caption) for one in pictures)])


def _lines(rows: Sequence[Sequence[str]]) -> str:
    return "".join("| " + " | ".join(cell if cell.startswith("![](") else _mark(cell) for cell in row) + " |\n" for row in rows)


def _mark(text: str) -> str:
    """Keep a text from being read as HTML or as the end of a cell."""
    return escape(text, quote=False).replace("|", "\\|").replace("\n", " ")
