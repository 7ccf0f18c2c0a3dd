"""How the page of a listening test looks, and what it does."""

STYLE = """
[hidden]{display:none!important}
body{max-width:760px}
header{margin:0 0 .9rem}
#where{margin:-.4rem 0 0}
details{margin:1rem 0 0}
button,.button{font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:8px;
min-height:2.9rem;padding:.45rem 1.1rem;cursor:pointer}
button:hover:not(:disabled){border-color:var(--pale)}
button:disabled{color:var(--pale);cursor:default;opacity:.6}
button.first{background:var(--ink);border-color:var(--ink);color:var(--paper)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
input[type=text],textarea{font:inherit;width:100%;padding:.55rem .7rem;border:1px solid var(--line);border-radius:8px;
background:var(--paper)}
label.field{display:block;margin:.9rem 0 .3rem}
.row{display:flex;flex-wrap:wrap;gap:.7rem;align-items:center;margin:1rem 0 0}
.row .right{margin-left:auto}
progress{appearance:none;width:100%;height:.4rem;border:0;border-radius:.2rem;background:var(--line);overflow:hidden;display:block}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--accent)}
progress::-moz-progress-bar{background:var(--accent)}
#done{margin:.5rem 0 1.2rem}
#done::-webkit-progress-value{background:var(--ink)}
#done::-moz-progress-bar{background:var(--ink)}
.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem;margin:0 0 1.2rem}
.side{display:flex;flex-direction:column;align-items:stretch;justify-content:center;
gap:.8rem;text-align:center;padding:1.2rem 1rem;min-height:9.5rem;
background:var(--paper);font-size:1rem}
.side b{font:400 2.6rem/1 "STIX Two Text","Libertinus Serif",Georgia,"Times New Roman",serif}
.side.on{border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.side .state{color:var(--pale)}
fieldset{border:0;padding:0;margin:0;min-width:0}
legend{padding:0;margin:0 0 .8rem}
.scale{display:grid;grid-template-columns:repeat(5,1fr);gap:.5rem}
.scale label{display:flex;flex-direction:column;align-items:center;justify-content:center;gap:.3rem;text-align:center;min-height:4.6rem;
padding:.5rem .3rem;border:1px solid var(--line);border-radius:8px;cursor:pointer;line-height:1.25}
.scale label:has(:checked){border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.scale label:has(:focus-visible){outline:3px solid var(--accent);outline-offset:2px}
.scale input{accent-color:var(--accent);margin:0;width:1.1rem;height:1.1rem}
fieldset:disabled label{color:var(--pale);opacity:.6;cursor:default}
.hint{color:var(--pale);min-height:1.5rem;margin:.7rem 0 0}
kbd{font:inherit;font-size:.85rem;border:1px solid var(--line);border-radius:4px;padding:0 .35rem;background:var(--paper);color:var(--ink)}
@media (hover:none){.keys{display:none}}
@media (max-width:560px){body{padding:1.2rem .9rem 3rem}h1{font-size:1.7rem}.scale{grid-template-columns:1fr}.keys{display:none}
.scale label{flex-direction:row;justify-content:flex-start;gap:.8rem;min-height:2.9rem;padding:.4rem .9rem}
.side{min-height:8rem}.two{gap:.7rem}.row button{flex:1 1 8rem}.row .right{margin-left:0}}
"""

BODY = """
<main>
<section class="card" id="start">
<h2>What is asked</h2>
<p>You will hear <span id="count"></span> pairs of short clips, A and B: the same bars of the same piece, made in two ways.
After each pair you say which one it is, and how clearly:</p>
<p><strong class="question"></strong></p>
<p>Hear both as often as you like. There is no right answer and no hurry: about half a minute a pair. What you answer stays in this
browser until you save it, so you may close the page and go on later. Headphones in a quiet room are best.</p>
<label class="field" for="name">Your name or initials, if you like</label>
<input type="text" id="name" maxlength="80" autocomplete="off">
<div class="row"><button type="button" id="try">Try the sound</button>
<button type="button" class="first right" id="begin">Begin</button></div>
</section>
<section id="ask" hidden>
<p class="facts" id="where" aria-live="polite"></p>
<progress id="done" aria-label="Pairs answered"></progress>
<div class="two">
<button type="button" class="side" id="a"><b>A</b><progress value="0" max="1" aria-hidden="true"></progress>
<span class="state"></span></button>
<button type="button" class="side" id="b"><b>B</b><progress value="0" max="1" aria-hidden="true"></progress>
<span class="state"></span></button>
</div>
<div class="card">
<fieldset id="scale" disabled><legend class="question"></legend><div class="scale"></div></fieldset>
<p class="hint" id="hint" aria-live="polite"></p>
<div class="row"><button type="button" id="back">Back</button><button type="button" id="stop">Stop here</button>
<button type="button" class="first right" id="next" disabled>Next</button></div>
</div>
<p class="facts keys"><kbd>A</kbd> <kbd>B</kbd> play and stop, <kbd>1</kbd> to <kbd>5</kbd> answer, <kbd>Enter</kbd> next,
<kbd>&larr;</kbd> back</p>
</section>
<section class="card" id="end" hidden>
<h2>Thank you</h2>
<p id="told"></p>
<label class="field" for="words">What told them apart, if you like to say</label>
<textarea id="words" rows="3" maxlength="2000"></textarea>
<div class="row"><button type="button" id="more">Go on</button><button type="button" id="again">Next listener</button>
<button type="button" class="first right" id="save">Save the answers</button></div>
<details id="plain"><summary>The answers as text</summary><pre id="text"></pre></details>
</section>
</main>
"""

SCRIPT = """
(() => {
  const test = JSON.parse(document.getElementById("facts").textContent);
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const asked = JSON.parse(new TextDecoder().decode(bytes(test.asked)));
  const at = id => document.getElementById(id), count = asked.length, store = "partimento-listening-" + test.id, enough = 3;
  const sides = {a: {button: at("a")}, b: {button: at("b")}};
  let state, since = 0;

  const fresh = () => ({
    listener: Array.from(crypto.getRandomValues(new Uint8Array(8)), b => b.toString(16).padStart(2, "0")).join(""),
    name: "", words: "", begun: "", ended: "", here: -1, stopped: false,
    answers: asked.map(() => ({answer: 0, plays_a: 0, plays_b: 0, heard_a: 0, heard_b: 0, seconds: 0})),
  });
  const load = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(store));
      if (kept && kept.answers && kept.answers.length === count) return kept;
    } catch (error) {}
    return fresh();
  };
  const keep = () => { try { localStorage.setItem(store, JSON.stringify(state)); } catch (error) {} };
  const answered = () => state.answers.filter(each => each.answer).length;

  const clip = number => URL.createObjectURL(new Blob([bytes(test.clips[number])], {type: test.media_type}));
  const quiet = () => { for (const side of Object.values(sides)) if (side.audio) { side.audio.pause(); side.audio.currentTime = 0; } };
  const word = (side, text) => {
    side.button.querySelector(".state").textContent = text;
    side.button.classList.toggle("on", text === "Stop");
  };
  const prepare = () => {
    for (const [letter, side] of Object.entries(sides)) {
      if (side.url) { side.audio.pause(); URL.revokeObjectURL(side.url); }
      const mine = state.answers[state.here], audio = side.audio = new Audio(side.url = clip(asked[state.here]["clip_" + letter]));
      const bar = side.button.querySelector("progress"), length = () => isFinite(audio.duration) && audio.duration || test.seconds;
      const said = () => mine["plays_" + letter] ? "Play again" : "Play";
      const move = () => {
        if (side.audio !== audio) return;
        bar.value = audio.currentTime / length();
        if (audio.paused) return;
        mine["heard_" + letter] = Math.max(mine["heard_" + letter], Math.round(audio.currentTime * 10) / 10);
        open();
        requestAnimationFrame(move);
      };
      bar.value = 0;
      audio.addEventListener("play", () => { mine["plays_" + letter] += 1; word(side, "Stop"); move(); });
      audio.addEventListener("pause", () => { word(side, said()); keep(); });
      audio.addEventListener("seeked", move);
      audio.addEventListener("ended", () => { mine["heard_" + letter] = length(); bar.value = 1; word(side, said()); open(); keep(); });
      audio.addEventListener("error", () => word(side, "This browser cannot play it"));
      word(side, said());
    }
  };
  const play = letter => {
    const {audio} = sides[letter], stop = !audio.paused;
    quiet();
    if (!stop) audio.play().catch(() => word(sides[letter], "Press again"));
  };

  const open = () => {
    const mine = state.answers[state.here], least = Math.min(enough, test.seconds * 0.9);
    const waiting = ["a", "b"].filter(letter => mine["heard_" + letter] < least && !mine.answer);
    const scale = at("scale");
    if (scale.disabled !== waiting.length > 0) scale.disabled = waiting.length > 0;
    at("next").disabled = !mine.answer;
    const which = waiting.map(letter => letter.toUpperCase()).join(" and ");
    const hint = which && "First hear " + which + ", a few seconds at least.";
    if (at("hint").textContent !== hint) at("hint").textContent = hint;
  };
  const choose = value => {
    if (at("scale").disabled) return;
    const mine = state.answers[state.here], now = Date.now();
    mine.answer = value;
    mine.seconds = Math.round((mine.seconds + (now - since) / 1000) * 10) / 10;
    since = now;
    for (const input of document.querySelectorAll(".scale input")) input.checked = +input.value === value;
    keep();
    open();
  };
  const go = number => {
    state.here = number;
    state.stopped = false;
    keep();
    show();
    scrollTo(0, 0);
  };
  const next = () => {
    if (at("next").disabled) return;
    if (state.here + 1 < count) return go(state.here + 1);
    finish();
  };
  const finish = () => {
    quiet();
    state.stopped = true;
    if (answered()) state.ended = new Date().toISOString();
    keep();
    show();
    scrollTo(0, 0);
  };

  const result = () => JSON.stringify({
    kind: test.kind, test: test.id, title: test.title, question: test.question, scale: test.scale, seed: test.seed,
    listener: state.listener, name: state.name, words: state.words, begun: state.begun, ended: state.ended, pairs: count,
    answers: state.answers.map((mine, number) => {
      const {piece, start_seconds, a, b} = asked[number];
      return {pair: number + 1, piece, start_seconds, a, b, ...mine};
    }).filter(mine => mine.answer),
  }, null, 1);
  const save = () => {
    const link = document.createElement("a"), url = URL.createObjectURL(new Blob([result() + "\\n"], {type: "application/json"}));
    link.href = url;
    link.download = "listening-" + test.id.slice(0, 6) + "-" + state.listener.slice(0, 6) + ".json";
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  };

  const show = () => {
    const screen = state.stopped ? "end" : state.here < 0 ? "start" : "ask";
    for (const name of ["start", "ask", "end"]) at(name).hidden = name !== screen;
    if (screen === "ask") {
      at("where").textContent = "Pair " + (state.here + 1) + " of " + count;
      at("done").max = count;
      at("done").value = answered();
      at("back").disabled = state.here === 0;
      at("next").textContent = state.here + 1 < count ? "Next" : "Finish";
      for (const input of document.querySelectorAll(".scale input")) input.checked = +input.value === state.answers[state.here].answer;
      since = Date.now();
      prepare();
      open();
    } else if (screen === "end") {
      const all = answered() === count;
      at("told").textContent = (all ? "All " + count + " pairs are answered. " : answered() + " of " + count + " pairs are answered. ")
        + "Save the answers, and send the file to whoever asked you.";
      at("more").textContent = all ? "Look at them again" : "Go on";
      at("save").disabled = !answered();
      at("plain").hidden = !all;  // it names the sources
      at("words").value = state.words;
      at("text").textContent = result();
    } else at("name").value = state.name;
  };

  for (const place of document.querySelectorAll(".question")) place.textContent = test.question;
  at("count").textContent = count;
  const scale = document.querySelector(".scale");
  test.scale.forEach((text, number) => {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, {type: "radio", name: "answer", value: number + 1});
    input.addEventListener("change", () => choose(number + 1));
    label.append(input, text);
    scale.append(label);
  });
  for (const letter of ["a", "b"]) at(letter).addEventListener("click", event => {
    play(letter);
    if (event.detail) at(letter).blur();  // pressed by hand: Enter is then for the next pair
  });
  let trial = null;
  at("try").addEventListener("click", () => {
    trial = trial || new Audio(clip(asked[count - 1].clip_a));
    if (trial.paused) { trial.currentTime = 0; trial.play(); } else trial.pause();
  });
  at("begin").addEventListener("click", () => {
    if (trial) trial.pause();
    state.begun = state.begun || new Date().toISOString();
    go(0);
  });
  at("name").addEventListener("input", event => { state.name = event.target.value; keep(); });
  at("words").addEventListener("input", event => { state.words = event.target.value; keep(); at("text").textContent = result(); });
  at("next").addEventListener("click", next);
  at("back").addEventListener("click", () => state.here > 0 && go(state.here - 1));
  at("stop").addEventListener("click", finish);
  at("more").addEventListener("click", () => go(Math.max(0, state.answers.findIndex(each => !each.answer))));
  at("save").addEventListener("click", save);
  at("again").addEventListener("click", () => {
    if (!confirm("Forget these answers and begin with another listener? Save them first.")) return;
    state = fresh();
    keep();
    show();
  });
  document.addEventListener("keydown", event => {
    if (at("ask").hidden || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const key = event.key.toLowerCase();
    if (key === "a" || key === "b") play(key);
    else if ("12345".includes(key)) choose(+key);
    else if (key === "enter" && event.target.tagName !== "BUTTON") next();
    else if (key === "arrowleft" && event.target.type !== "radio" && state.here > 0) go(state.here - 1);
    else return;
    event.preventDefault();
  });
  addEventListener("pagehide", () => state && keep());
  state = load();
  show();
})();
"""
