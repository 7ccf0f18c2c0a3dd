"""What every page carries: its shell, how it looks, and the script that moves a cursor while the sound plays."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape

STYLE = """
:root{--ink:#22252b;--pale:#6a7079;--line:#dfe2e7;--paper:#fff;--ground:#f4f2ee;--accent:#c8374f}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1240px;padding:2.2rem 1.2rem 4rem;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,"Segoe UI",Verdana,sans-serif}
h1{font:400 2.4rem/1.15 "STIX Two Text","Libertinus Serif",Georgia,"Times New Roman",serif;margin:0}
h2{font-size:.8rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase;color:var(--pale);margin:0 0 .6rem}
p{margin:.3rem 0}
.facts,.provenance{color:var(--pale)}
.provenance{font-style:italic}
nav{position:sticky;top:0;z-index:1;display:flex;flex-wrap:wrap;gap:.6rem 1.4rem;align-items:center;
background:var(--ground);padding:.7rem 0;margin:.6rem 0}
audio{flex:1 1 24rem;min-width:16rem;height:2.6rem}
.links{margin:0}
.links a{color:var(--ink);margin-right:.8rem}
.card{display:block;background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:1rem 1.1rem;margin:0 0 1.2rem}
.card svg{display:block;width:100%;height:auto}
#roll svg{cursor:pointer}
#roll .on{fill:var(--ink)!important}
#score .on{fill:var(--accent);color:var(--accent)}
#cursor{stroke:var(--accent);stroke-width:2;pointer-events:none}
pre{overflow:auto;font-size:.85rem;margin:.6rem 0 0}
summary{cursor:pointer;color:var(--pale)}
@media print{nav{display:none}body{background:#fff}.card{border:0;padding:0}}
"""

SCRIPT = """
(() => {
  const numbers = JSON.parse(document.getElementById("facts").textContent);
  const audio = document.querySelector("audio"), drawing = document.querySelector("#roll svg"), path = numbers.path;
  document.getElementById("sound").href = audio.src;
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cursor.id = "cursor";
  drawing.append(cursor);
  const notes = [...drawing.querySelectorAll("[data-on]")].map(e => ({e, on: +e.dataset.on, off: +e.dataset.off, lit: false}));
  for (const [name, on, off] of numbers.notes) {
    const e = document.getElementById(name);
    if (e) notes.push({e, on, off, lit: false});
  }
  const show = () => {
    const t = audio.currentTime;
    let low = 0, high = path.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (path[middle][0] <= t) low = middle; else high = middle - 1;
    }
    const here = path[low], next = path[low + 1] || here;
    const share = next[2] === here[2] && next[0] > here[0] ? Math.min(1, (t - here[0]) / (next[0] - here[0])) : 0;
    const x = here[1] + share * (next[1] - here[1]);
    for (const [key, value] of [["x1", x], ["x2", x], ["y1", here[2] - 4], ["y2", here[3] + 4]]) cursor.setAttribute(key, value);
    for (const note of notes) {
      const lit = !audio.paused && note.on <= t && t < note.off;
      if (lit !== note.lit) note.e.classList.toggle("on", note.lit = lit);
    }
    if (!audio.paused) requestAnimationFrame(show);
  };
  for (const event of ["play", "pause", "seeked", "ended"]) audio.addEventListener(event, show);
  drawing.addEventListener("click", event => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    for (let i = 0; i + 1 < path.length; i++) {
      const [from, left, top, bottom] = path[i], [to, right, below] = path[i + 1];
      if (top === below && top - 20 <= at.y && at.y <= bottom + 20 && left <= at.x && at.x <= right && right > left) {
        audio.currentTime = from + (to - from) * (at.x - left) / (right - left);
        audio.play();
        return;
      }
    }
  });
  show();
})();
"""


def document(title: str, body: str, *, style: str = "", script: str = "", facts: object = None, media: str = "data:") -> bytes:
    """Return a page around its body. Its content security policy forbids every request, and names the one script by its hash.

    Args:
        title: As text.
        body: What stands in it, as HTML.
        style: More rules than `STYLE`.
        script: What runs at the end.
        facts: What the script may read, in an element called ``facts``; anything that JSON can say.
        media: Where sounds may come from.
    """
    allowed = f"script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'; " if script else ""
    policy = f"default-src 'none'; style-src 'unsafe-inline'; {allowed}media-src {media}; base-uri 'none'; form-action 'none'"
    said = json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c")
    end = f'<script type="application/json" id="facts">{said}</script>\n<script>{script}</script>\n' if script else ""
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="partimento">
<title>{escape(title)}</title>
<style>{STYLE}{style}</style>
</head>
<body>
{body}
{end}</body>
</html>
"""
    return page.encode("utf-8", "replace")
