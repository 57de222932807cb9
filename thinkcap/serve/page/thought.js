// A thought as it grows: its text, the place where it was cut, and flags at the budgets that would have cut it before.

const UNSAFE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A model's text without what steers or reorders the text around it. */
const printable = (text) => text.toWellFormed().replace(UNSAFE, "");

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** Characters that two texts both begin with. */
function sharedLength(one, other) {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

class Thought {
  constructor() {
    this.text = "";
    this.tokens = 0;
    this.injected = []; // [start, end] of what thinkcap put in
    this.flags = new Map(); // budget -> characters of the thought under it
    this.ending = null;
    this.chosen = undefined; // the budget behind which the text is dimmed
  }

  /** Draws it in a box from now on. */
  showIn(box) {
    if (box.thought) box.thought.box = null;
    box.thought = this;
    this.box = box;
    this.draw();
  }

  append(text, tokens, injected) {
    const start = this.text.length;
    this.text += text;
    this.tokens = tokens;
    if (injected) this.injected.push([start, this.text.length]);
    if (!this.box) return;
    const follows = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 40;
    this.write(this.box, start, this.text.length);
    if (follows) this.box.scrollTop = this.box.scrollHeight;
  }

  /** It is over: `words` say why, `cut` whether the model had more to say. */
  end(words, cut) {
    this.ending = element("p", `${cut ? "✂ " : ""}${words}`, cut ? "end cut" : "end");
    this.draw();
    if (this.box) this.box.scrollTop = this.box.scrollHeight;
  }

  /** It goes on behind `resumed`: the cut that was there becomes a flag. */
  goOn(resumed) {
    this.text = resumed;
    this.injected = this.injected.filter(([, end]) => end <= resumed.length);
    this.flags.set(this.tokens, resumed.length);
    this.ending = null;
    this.draw();
  }

  /** A budget would have cut it behind what it shares with `thinking`. */
  flag(budget, thinking) {
    this.flags.set(budget, sharedLength(thinking, this.text));
    this.draw();
  }

  /** Dims what a budget would have cut off; `undefined` dims nothing. */
  choose(budget) {
    this.chosen = budget;
    this.draw();
    this.box?.querySelector(".flag.chosen")?.scrollIntoView({ block: "nearest" });
  }

  draw() {
    if (!this.box) return;
    const scrolled = this.box.scrollTop;
    this.box.replaceChildren();
    let into = this.box;
    let at = 0;
    for (const [budget, length] of [...this.flags].sort((one, other) => one[1] - other[1] || one[0] - other[0])) {
      this.write(into, at, length);
      at = length;
      const chosen = budget === this.chosen;
      into.append(element("span", `✂ ${spellTokens(budget)}`, chosen ? "flag chosen" : "flag"));
      if (!chosen) continue;
      into = element("span", "", "onward");
      this.box.append(into);
    }
    this.write(into, at, this.text.length);
    if (this.ending) this.box.append(this.ending);
    this.box.scrollTop = scrolled;
  }

  /** Appends a stretch of the text, with what was put in marked. */
  write(into, start, end) {
    let at = start;
    for (const [from, to] of this.injected) {
      if (to <= at || from >= end) continue;
      plain(into, this.text.slice(at, Math.max(from, at)));
      into.append(element("mark", printable(this.text.slice(Math.max(from, at), Math.min(to, end)))));
      at = Math.min(to, end);
    }
    plain(into, this.text.slice(at, end));
  }
}

function plain(into, text) {
  const last = into.lastChild;
  if (last?.nodeType === Node.TEXT_NODE) last.appendData(printable(text));
  else if (text) into.append(printable(text));
}
