"""One page that says what a result is worth: the verdict in large letters, the pictures, each check with its value."""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK, _PALE = (16, 18, 22), (235, 235, 235), (150, 155, 165)
_COLOURS = {"PASS": (60, 170, 90), "REVIEW": (235, 165, 30), "REJECT": (215, 60, 50)}
_WHAT = {
    "PASS": "All declared checks were measured and hold.",
    "REVIEW": "Compare with the original before use: a check fails or was not measured.",
    "REJECT": "Do not use this image.",
}
_WIDTH, _MARGIN, _LINE = 1280, 36, 28


def verdict_page(report: dict[str, Any], preview: Image.Image, slices: int) -> Image.Image:
    """Draw the page; it holds no patient data.

    Parameters
    ----------
    report
        Content of ``report.json``.
    preview
        Its picture.
    slices
        How many the series has.
    """
    verdict, checks = str(report["verdict"]), list(report["checks"])
    checks.sort(key=lambda check: check["outcome"] == "PASS")  # what fails first
    inner = _WIDTH - 2 * _MARGIN
    height = round(preview.height * inner / preview.width)
    page = Image.new("RGB", (_WIDTH, 150 + height + 90 + _LINE * (len(checks) + 4)), _PAPER)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, _WIDTH, 110), fill=_COLOURS.get(verdict, _COLOURS["REJECT"]))
    draw.text((_MARGIN, 16), verdict, fill=(255, 255, 255), font=ImageFont.load_default(size=58))
    draw.text((_MARGIN + 330, 26), _WHAT.get(verdict, ""), fill=(255, 255, 255), font=ImageFont.load_default(size=22))
    model = report["model"]
    words = f"{report['task']}, {slices} slices, model {model.get('name', '')} {model.get('version', '')}"
    draw.text((_MARGIN + 330, 62), words, fill=(255, 255, 255), font=ImageFont.load_default(size=20))
    page.paste(preview.resize((inner, height), Image.Resampling.BICUBIC), (_MARGIN, 130))
    top = 130 + height + 28
    font = ImageFont.load_default(size=18)
    for x, title in zip(_COLUMNS, ("check", "value", "limits", "outcome", "what it says"), strict=True):
        draw.text((x, top), title, fill=_PALE, font=font)
    for row, check in enumerate(checks, 1):
        y = top + row * _LINE
        colour = _COLOURS.get(check["outcome"], _COLOURS["REJECT"])
        cells = (check["name"], _value(check), _limits(check), check["outcome"], check["message"])
        for x, cell, width in zip(_COLUMNS, cells, _WIDTHS, strict=True):
            draw.text(
                (x, y), _fitting(draw, str(cell), width, font), fill=colour if x == _COLUMNS[3] else _INK, font=font
            )
    foot = f"{report['disclaimer']} Uncertainty: half-width of the interval around each pixel."
    draw.text((_MARGIN, top + (len(checks) + 2) * _LINE), foot, fill=_PALE, font=font)
    return page


_COLUMNS = (_MARGIN, 290, 420, 590, 700)
_WIDTHS = (245, 120, 160, 100, 540)


def _value(check: dict[str, Any]) -> str:
    return "not measured" if check["value"] is None else f"{check['value']:.4g} {check['unit']}".strip()


def _limits(check: dict[str, Any]) -> str:
    low, high = check["lower_limit"], check["upper_limit"]
    if low is None and high is None:
        return ""
    if low is None:
        return f"at most {high:.4g}"
    return f"at least {low:.4g}" if high is None else f"{low:.4g} to {high:.4g}"


def _fitting(draw: ImageDraw.ImageDraw, words: str, width: int, font: Any) -> str:
    if draw.textlength(words, font=font) <= width:
        return words
    while words and draw.textlength(words + "...", font=font) > width:
        words = words[:-1]
    return words + "..."
