"""A timeline of expressions, one row per face: as a picture, and as a page that needs nothing else."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.figure import new_figure, png_of
from mien.overlay import COLORS_RGB, color_of

if TYPE_CHECKING:
    from mien.sinks.summary import Person

MAX_ROWS = 100
"""Of the picture; the page has all."""
_ROW_PX, _GAP_PX, _WIDTH_PX, _LEFT_PX, _NUM_TICKS = 26, 8, 1000, 70, 6
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px; padding: 0 1rem; color: #222; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse } th, td { padding: .3rem .9rem .3rem 0; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left } .key span { display: inline-block; margin-right: 1.2rem }
.key i { display: inline-block; width: .9em; height: .9em; margin-right: .35em; border: 1px solid #999; vertical-align: -.1em }
svg { width: 100%; height: auto } footer { color: #666; margin-top: 2rem }
"""


def person_name(track_id: int) -> str:
    """Return what a track is called."""
    return f"#{track_id}" if track_id >= 0 else "all faces"


def longest_seen(people: Sequence["Person"]) -> list["Person"]:
    """Return the people that a picture has room for, in their order: those who were seen longest."""
    chosen = sorted(people, key=lambda person: -sum(person.seconds.values()))[:MAX_ROWS]
    return [person for person in people if person in chosen]


def draw_timeline(people: Sequence["Person"], path: Path) -> None:
    """Write the timeline as a PNG, of the ``MAX_ROWS`` faces that were seen longest.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    drawn = longest_seen(people)
    figure = new_figure(10, 1.4 + 0.45 * max(1, len(drawn)))
    from matplotlib.patches import Patch

    axes = figure.add_subplot()
    for row, person in enumerate(drawn):
        spans = [(run.start_s, run.end_s - run.start_s) for run in person.runs]
        colors = [_color(run.expression) for run in person.runs]
        axes.broken_barh(spans, (row - 0.35, 0.7), facecolors=colors, linewidth=0)  # one artist, however often the label changes
    axes.set_yticks(range(len(drawn)), [person_name(person.track_id) for person in drawn])
    axes.invert_yaxis()
    rest = f" ({len(people) - len(drawn)} more faces, seen for less time, are in summary.html)" if len(people) > len(drawn) else ""
    axes.set_xlabel(f"seconds{rest}")
    axes.spines[["top", "right"]].set_visible(False)
    shown = _shown_labels(drawn)
    if shown:
        patches = [Patch(color=_color(name), label=name) for name in shown]
        axes.legend(handles=patches, ncols=len(shown), loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    path.write_bytes(png_of(figure))


def page_of(values: dict[str, Any], people: Sequence["Person"]) -> str:
    """Return a self-contained HTML page of a summary.

    Args:
        values: Of ``SummarySink.values``.
    """
    name = Path(values["source"]).name or values["source"]
    title = f"Expressions in {escape(name.encode(errors='backslashreplace').decode())}"  # names of files need not be UTF-8
    dropped = f", {values['dropped']} dropped" if values["dropped"] else ""
    facts = f"{values['frames']} frames, {values['frames_with_face']} with a face{dropped}."
    body = (
        f"<h1>{title}</h1><p>{facts}</p>" + _timeline_svg(people) + _key(people) + _shares_table(values) + _runs_table(values)
        if people
        else f"<h1>{title}</h1><p>{facts} No face was seen.</p>"
    )
    note = "mien names the expression a face shows, not the emotion behind it. Shares are of the time a face was seen."
    if any(person.track_id < 0 for person in people):
        note += " Faces were not told apart: the times of all add up."
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>{body}<footer>{note}</footer></body></html>\n"
    )


def _timeline_svg(people: Sequence["Person"]) -> str:
    start_s = min(person.runs[0].start_s for person in people)
    length_s = max(max(run.end_s for person in people for run in person.runs) - start_s, 1e-3)
    scale = (_WIDTH_PX - _LEFT_PX) / length_s
    parts = []
    for row, person in enumerate(people):
        y = row * (_ROW_PX + _GAP_PX)
        parts.append(f'<text x="0" y="{y + 18}" font-size="14">{person_name(person.track_id)}</text>')
        for run in person.runs:
            x, width = _LEFT_PX + (run.start_s - start_s) * scale, max(0.2, (run.end_s - run.start_s) * scale)
            hint = f"{run.expression}, {run.start_s:.2f} to {run.end_s:.2f} s"
            box = f'x="{x:.2f}" y="{y}" width="{width:.2f}" height="{_ROW_PX}" fill="{_color(run.expression)}"'
            parts.append(f"<rect {box}><title>{escape(hint)}</title></rect>")
    bottom = len(people) * (_ROW_PX + _GAP_PX)
    for tick in range(_NUM_TICKS):
        share = tick / (_NUM_TICKS - 1)
        x, anchor = _LEFT_PX + share * (_WIDTH_PX - _LEFT_PX), ("start", "middle", "end")[(tick > 0) + (tick == _NUM_TICKS - 1)]
        text = f"{start_s + share * length_s:.1f} s"
        parts.append(f'<text x="{x:.0f}" y="{bottom + 14}" font-size="12" fill="#666" text-anchor="{anchor}">{text}</text>')
    return f'<svg viewBox="0 0 {_WIDTH_PX} {bottom + 20}" role="img" aria-label="Timeline of expressions">{"".join(parts)}</svg>'


def _key(people: Sequence["Person"]) -> str:
    entries = (f'<span><i style="background:{_color(name)}"></i>{escape(name)}</span>' for name in _shown_labels(people))
    return f'<p class="key">{"".join(entries)}</p>'


def _shares_table(values: dict[str, Any]) -> str:
    labels = [label for label in values["labels"] if any(label in person["shares"] for person in values["people"])]
    head = "".join(f"<th>{escape(name)}</th>" for name in ["face", "seen", *labels, "uncertain"])
    rows = []
    for person in values["people"]:
        shares = "".join(f"<td>{person['shares'].get(label, 0):.0%}</td>" for label in labels)
        cells = (
            f"<td>{person_name(person['track_id'])}</td><td>{person['seen_s']:.1f} s</td>{shares}<td>{person['uncertain_share']:.0%}</td>"
        )
        rows.append(f"<tr>{cells}</tr>")
    return f"<h2>Share of time</h2><table><tr>{head}</tr>{''.join(rows)}</table>"


def _runs_table(values: dict[str, Any]) -> str:
    rows = [
        f"<tr><td>{person_name(person['track_id'])}</td><td>{escape(name)}</td>"
        f"<td>{run['seconds']:.2f} s</td><td>{run['start_s']:.2f} s</td></tr>"
        for person in values["people"]
        for name, run in person["longest_runs"].items()
    ]
    return f"<h2>Longest runs</h2><table><tr><th>face</th><th>expression</th><th>length</th><th>from</th></tr>{''.join(rows)}</table>"


def _shown_labels(people: Sequence["Person"]) -> list[str]:
    shown = {name for person in people for name in person.seconds}
    return [*(name for name in COLORS_RGB if name in shown), *sorted(shown - set(COLORS_RGB))]


def _color(expression: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color_of(expression))
