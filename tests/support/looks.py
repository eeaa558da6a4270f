"""Whether everybody can read what a page shows: contrasts as WCAG computes them, and what axe-core finds."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

_CONTRASTS = """(root, [selector, isText]) => {
    const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const fill = colour => { paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1); };
    const luminance = () => {
        const [r, g, b] = [...paint.getImageData(0, 0, 1, 1).data].map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const measured = element => {
        const styles = [];
        for (let each = element; each; each = each.parentElement) styles.unshift(getComputedStyle(each));
        paint.globalAlpha = 1;
        styles.forEach(style => fill(style.backgroundColor));
        const back = luminance();
        paint.globalAlpha = styles.reduce((opacity, style) => opacity * style.opacity, 1);
        fill(styles.at(-1).color);
        const both = [back, luminance()];
        return [element.textContent, (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)];
    };
    const isSeen = node => {
        const range = document.createRange();
        range.selectNode(node);
        return node.nodeType === Node.TEXT_NODE && node.data.trim() && range.getClientRects().length;
    };
    const elements = [...root.querySelectorAll(selector)];
    return elements.filter(each => !isText || [...each.childNodes].some(isSeen)).map(measured);
}"""


def contrasts(root: Locator, selector: str, *, is_text: bool = False) -> list[tuple[str, float]]:
    """Measure elements within another, in one step: their text and its contrast. Or only where `is_text` of their own.

    The ground is what all elements around paint, one over the other.
    """
    measured: list[tuple[str, float]] = root.evaluate(_CONTRASTS, [selector, is_text])
    return measured


CARDS = ":is(.modelarts-static, .modelarts-export)"


def violations(page: Page, selector: str) -> list[Any]:
    """Ask axe-core what is wrong within our output."""
    found = Axe().run(page, context={"include": [[selector]]}).response["violations"]
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]], each["nodes"][0]["failureSummary"])
        for each in found
    ]
