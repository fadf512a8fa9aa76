"""The report: one page that needs nothing else, and the same in Markdown."""

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Run
from mien.errors import ConfigError
from mien.evaluation import figures
from mien.evaluation.page import Code, Facts, Gallery, Page, Picture, Section, Table, Text, to_html, to_markdown
from mien.evaluation.report import build_page, worst_mistakes

VOID = {"meta", "img", "link", "br"}


class Checker(HTMLParser):
    """Collects tags and addresses, and makes sure that every tag that opens is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    assert "script" not in checker.seen
    assert all(source.startswith("data:image/png;base64,") for source in checker.sources)
    return checker


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """What training leaves behind, without weights."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "recipe.toml").write_text('name = "try <1>"\nmodel = "mien_s"\ndataset = "fer2013"\nseed = 7\n[optimizer]\nepochs = 3\n')
    counts = {"training": {"happy": 30, "sad": 10}, "publictest": {"happy": 3, "sad": 1}}
    (folder / "data.json").write_text(json.dumps({"sha256": "abc", "num_training": 40, "counts": counts}))
    rows = [{"epoch": n, "learning_rate": 0.1 / n, "training_loss": 2 / n, "validation_loss": 2.2 / n} for n in (1, 2)]
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "times.jsonl").write_text('{"epoch": 1, "seconds": 90}\n{"epoch": 2, "seconds": 90}\n')
    (folder / "environment.jsonl").write_text(json.dumps({"commit": "c0ffee", "python": "3.11", "packages": {"numpy": "2"}}) + "\n")
    return folder


def test_a_run_is_reported_without_data(run: Run, run_folder: Path, tmp_path: Path) -> None:
    status, out, err = run("report", run_folder, "--out", "page", "--json")
    assert status == 0, err
    assert json.loads(out)["result"] is None
    names = {path.name for path in (tmp_path / "page").iterdir()}
    assert names == {"report.html", "report.md", "curves.png"}
    html, text = ((tmp_path / "page" / f"report.{kind}").read_text() for kind in ("html", "md"))
    assert check(html).seen.count("img") == 1
    for page in (html, text):
        assert "try &lt;1&gt;" in page
        for fact in ("c0ffee", "2 of 3", "3 min", "abc"):
            assert fact in page


def test_a_model_is_reported_with_its_mistakes(run: Run, fer2013_folder: Path, any_counts: None, tmp_path: Path) -> None:
    status, out, err = run("report", "mien_s", "--file", "int8", "--data", fer2013_folder, "--out", "page")
    assert status == 0, err
    assert out.split() == ["page/report.html", "page/report.md"]
    folder = tmp_path / "page"
    result = json.loads((folder / "evaluation.json").read_text())
    wrong = result["n"] - round(result["accuracy"] * result["n"])
    names = sorted(path.name for path in folder.iterdir())
    assert {"classes.png", "confusion.png", "reliability.png", "risk.png", "scores.csv"} <= set(names)
    assert sum(name.startswith("mistake-") for name in names) == min(24, wrong)
    html, text = ((folder / f"report.{kind}").read_text() for kind in ("html", "md"))
    assert check(html).seen.count("img") == 4 + min(24, wrong)
    assert all(f"]({name})" in text for name in names if name.endswith(".png"))
    for page in (html, text):
        assert f"{result['accuracy']:.2%}" in page
        assert "crops: direct; labels: fer2013" in page
        assert "one-vs-rest accuracy" in page
    for name in names:
        if name.endswith(".png"):
            with Image.open(folder / name) as picture:
                assert min(picture.size) >= 100


def test_a_line_that_was_cut_off_in_writing_damages_nothing(run_folder: Path) -> None:
    whole = to_markdown(build_page(str(run_folder), None))
    with (run_folder / "times.jsonl").open("a") as file:
        file.write('{"epoch": 9, "sec')
    assert to_markdown(build_page(str(run_folder), None)) == whole


def test_a_damaged_run_says_so(run_folder: Path) -> None:
    (run_folder / "history.jsonl").write_text('{"epoch": 1\n{"epoch": 2}\n')
    with pytest.raises(ConfigError, match=r"history.jsonl, line 1: .* The run folder is damaged; train anew"):
        build_page(str(run_folder), None)
    (run_folder / "data.json").unlink()
    with pytest.raises(ConfigError, match=r"data.json: cannot be read"):
        build_page(str(run_folder), None)


def test_the_worst_mistakes_come_first() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [np.nan, np.nan], [0.4, 0.6], [0.95, 0.05]])
    assert worst_mistakes(scores, np.array([0, 0, 0, 0, 1])) == [4, 1, 3]
    assert worst_mistakes(scores, np.array([0, 0, 0, 0, 1]), count=1) == [4]
    assert worst_mistakes(scores[:1], np.array([0])) == []


def test_nothing_in_a_page_is_read_as_markup() -> None:
    nasty = "<b>|\n&\"'"
    png = figures.draw_crop(np.zeros((48, 32), np.uint8))
    blocks = [Text(nasty), Table([nasty], [[nasty]]), Facts([(nasty, nasty)]), Code(nasty, nasty), Gallery([Picture("a.png", png, nasty)])]
    page = Page(nasty, [Section(nasty, blocks)])
    assert "b" not in check(to_html(page)).seen
    text = to_markdown(page)
    assert "<b>" not in text.replace("```toml\n<b>", "")
    assert [picture.file_name for picture in page.pictures()] == ["a.png"]
