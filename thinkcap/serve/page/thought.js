// The thought as it grows: its text, the place where it was cut, and flags at the budgets that would have cut it before.

const UNSAFE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A model's text without what steers or reorders the text around it. */
const printable = (text) => text.toWellFormed().replace(UNSAFE, "");

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

class Thought {
  constructor(box) {
    this.box = box;
    this.clear();
  }

  clear() {
    this.text = "";
    this.flags = new Map(); // budget -> characters of the thought under it
    this.ending = null;
    this.chosen = undefined;
    this.draw();
  }

  append(text) {
    this.text += text;
    const follows = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 40;
    const last = this.box.lastChild;
    if (last?.nodeType === Node.TEXT_NODE) last.appendData(printable(text));
    else this.box.append(printable(text));
    if (follows) this.box.scrollTop = this.box.scrollHeight;
  }

  /** The whole text, if it came out otherwise than the pieces. */
  set(text) {
    this.text = text;
    this.draw();
  }

  /** It is over: `words` say why, `cut` whether the model had more to say. */
  end(words, cut) {
    this.ending = element("p", `${cut ? "✂ " : ""}${words}`, cut ? "end cut" : "end");
    this.draw();
    this.box.scrollTop = this.box.scrollHeight;
  }

  flag(budget, length) {
    this.flags.set(budget, length);
    this.draw();
  }

  /** Dims what a budget would have cut off; `undefined` dims nothing. */
  choose(budget) {
    this.chosen = budget;
    this.draw();
    this.box.querySelector(".flag.chosen")?.scrollIntoView({ block: "nearest" });
  }

  draw() {
    const scrolled = this.box.scrollTop;
    this.box.replaceChildren();
    let into = this.box;
    let at = 0;
    const flags = [...this.flags].sort((one, other) => one[1] - other[1] || one[0] - other[0]);
    for (const [budget, length] of flags) {
      into.append(printable(this.text.slice(at, length)));
      at = length;
      const flag = element("span", `✂ ${spellTokens(budget)}`, budget === this.chosen ? "flag chosen" : "flag");
      into.append(flag);
      if (budget === this.chosen) {
        into = element("span", "", "onward");
        this.box.append(into);
      }
    }
    into.append(printable(this.text.slice(at)));
    if (this.ending) this.box.append(this.ending);
    this.box.scrollTop = scrolled;
  }
}
