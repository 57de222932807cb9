// The LaTeX that answers use, set as MathML. Everything a model wrote becomes text nodes; what is unknown shows itself.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const DEEPEST = 60; // levels of nesting; deeper ones are shown as they were written

const OPERATORS = {
  cdot: "⋅", times: "×", div: "÷", pm: "±", mp: "∓", ast: "∗", star: "⋆", circ: "∘", bullet: "∙", oplus: "⊕", otimes: "⊗",
  le: "≤", leq: "≤", leqslant: "≤", ge: "≥", geq: "≥", geqslant: "≥", lt: "<", gt: ">", ne: "≠", neq: "≠", approx: "≈",
  equiv: "≡", sim: "∼", simeq: "≃", cong: "≅", propto: "∝", to: "→", rightarrow: "→", leftarrow: "←", mapsto: "↦",
  Rightarrow: "⇒", implies: "⟹", iff: "⟺", Leftrightarrow: "⇔", Longrightarrow: "⟹", longrightarrow: "⟶", Leftarrow: "⇐",
  uparrow: "↑", downarrow: "↓", in: "∈", notin: "∉", ni: "∋", subset: "⊂", subseteq: "⊆",
  supset: "⊃", cup: "∪", cap: "∩", setminus: "∖", land: "∧", wedge: "∧", lor: "∨", vee: "∨", neg: "¬", forall: "∀",
  exists: "∃", mid: "∣", parallel: "∥", perp: "⊥", angle: "∠", triangle: "△", therefore: "∴", because: "∵", colon: ":",
  ldots: "…", dots: "…", cdots: "⋯", vdots: "⋮", ddots: "⋱", prime: "′", lfloor: "⌊", rfloor: "⌋", lceil: "⌈", rceil: "⌉",
  langle: "⟨", rangle: "⟩", lvert: "|", rvert: "|", vert: "|", Vert: "‖", lbrace: "{", rbrace: "}", backslash: "∖",
  "{": "{", "}": "}", "|": "‖",
};
const LARGE = { sum: "∑", prod: "∏", int: "∫", iint: "∬", oint: "∮", bigcup: "⋃", bigcap: "⋂" };
const LETTERS = {
  alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ϵ", varepsilon: "ε", zeta: "ζ", eta: "η", theta: "θ", iota: "ι",
  kappa: "κ", lambda: "λ", mu: "μ", nu: "ν", xi: "ξ", pi: "π", rho: "ρ", sigma: "σ", tau: "τ", upsilon: "υ", phi: "ϕ",
  varphi: "φ", chi: "χ", psi: "ψ", omega: "ω", Gamma: "Γ", Delta: "Δ", Theta: "Θ", Lambda: "Λ", Xi: "Ξ", Pi: "Π", Sigma: "Σ",
  Phi: "Φ", Psi: "Ψ", Omega: "Ω", infty: "∞", partial: "∂", nabla: "∇", emptyset: "∅", varnothing: "∅", ell: "ℓ", hbar: "ℏ",
  degree: "°", "%": "%", $: "$", "#": "#", "&": "&", _: "_",
};
const FUNCTIONS = new Set(
  ("sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp lim max min sup inf gcd lcm det dim ker deg arg " +
    "mod bmod Pr").split(" "),
);
const SPACES = { ",": ".17em", ":": ".22em", ">": ".22em", ";": ".28em", " ": ".28em", "!": "0", quad: "1em", qquad: "2em" };
const ACCENTS = { overline: "¯", bar: "¯", hat: "^", widehat: "^", vec: "→", overrightarrow: "→", tilde: "~", dot: "˙" };
const BLACKBOARD = { N: "ℕ", Z: "ℤ", Q: "ℚ", R: "ℝ", C: "ℂ", P: "ℙ" };
const TEXTS = new Set(["text", "textbf", "textit", "textrm", "mbox", "operatorname"]);
const FONTS = new Set(["mathrm", "mathbf", "boldsymbol", "bm", "mathit", "mathsf", "mathcal", "displaystyle", "textstyle"]);
const SIZES = new Set(["left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"]);
const FENCES = {
  pmatrix: ["(", ")"], bmatrix: ["[", "]"], vmatrix: ["|", "|"], Vmatrix: ["‖", "‖"], Bmatrix: ["{", "}"], cases: ["{", ""],
};

function mathElement(name, children = [], attributes = {}) {
  const made = document.createElementNS(MATHML, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Whether a sign behind it belongs to what follows: `[-2`, `= -3`. */
const isOpen = (item) => item.localName === "mo" && !/[)\]}⟩⌋⌉|!′%…]/u.test(item.textContent);

/** One formula, read token by token. */
class Formula {
  constructor(source) {
    this.tokens = source.match(/\\[a-zA-Z]+|\\[^]|\d+(?:(?:,|\{,\})\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\s+|[^]/gu) ?? [];
    this.at = 0;
    this.depth = 0;
  }

  peek() {
    while (/^\s/.test(this.tokens[this.at] ?? "")) this.at += 1;
    return this.tokens[this.at];
  }

  take() {
    const token = this.peek();
    this.at += 1;
    return token;
  }

  /** Everything up to one of the tokens in `ends`, which is left. */
  row(ends = []) {
    const items = [];
    for (let token = this.peek(); token !== undefined && !ends.includes(token); token = this.peek()) {
      const signs = "+-".includes(token) && (!items.length || isOpen(items.at(-1)));
      items.push(...this.scripted());
      if (signs) items.at(-1).setAttribute("form", "prefix");
    }
    return items;
  }

  /** An atom with what is raised and lowered at it. */
  scripted() {
    let base = ["^", "_"].includes(this.peek()) ? [mathElement("mrow")] : this.atom();
    let raised, lowered;
    for (let token = this.peek(); ["^", "_", "'"].includes(token); token = this.peek()) {
      this.take();
      if (token === "'") raised = mathElement("mrow", [...(raised ? [raised] : []), mathElement("mo", ["′"])]);
      else if (token === "^") raised = this.argument();
      else lowered = this.argument();
    }
    if (!raised && !lowered) return base;
    const inner = base.length === 1 ? base[0] : mathElement("mrow", base);
    const limits = inner.dataset?.limits !== undefined;
    const name = limits ? { both: "munderover", up: "mover", down: "munder" } : { both: "msubsup", up: "msup", down: "msub" };
    const kind = raised && lowered ? "both" : raised ? "up" : "down";
    return [mathElement(name[kind], [inner, ...(lowered ? [lowered] : []), ...(raised ? [raised] : [])])];
  }

  /** The group or the one token that a command is applied to. */
  argument() {
    const token = this.peek();
    if (token === undefined || token === "}") return mathElement("mrow");
    if (/^\d{2,}$/.test(token)) {
      // x^10 raises the 1 alone, as TeX does.
      this.tokens.splice(this.at, 1, token[0], token.slice(1));
    }
    const items = this.atom();
    return items.length === 1 ? items[0] : mathElement("mrow", items);
  }

  /** The text of a group, as it was written. */
  verbatim() {
    if (this.peek() !== "{") return this.take() ?? "";
    let text = "";
    let open = 0;
    do {
      const token = this.tokens[this.at++];
      open += token === "{" ? 1 : token === "}" ? -1 : 0;
      if (!(open === 0 && token === "}") && !(open === 1 && token === "{")) text += token;
    } while (open > 0 && this.at < this.tokens.length);
    return text;
  }

  atom() {
    const token = this.take();
    if (token === "{") {
      if (++this.depth > DEEPEST) throw new RangeError("nested too deeply");
      const items = this.row(["}"]);
      this.take();
      this.depth -= 1;
      return [mathElement("mrow", items)];
    }
    if (/^\d/.test(token)) return [mathElement("mn", [token.replaceAll("{,}", ",")])];
    if (/^\p{L}$/u.test(token)) return [mathElement("mi", [token])];
    if (token[0] === "\\" && token.length > 1) return this.command(token.slice(1));
    return [mathElement("mo", [{ "-": "−", "*": "∗", "~": "\u00a0" }[token] ?? token], "()[]|".includes(token) ? { stretchy: "false" } : {})];
  }

  command(name) {
    if (Object.hasOwn(OPERATORS, name)) return [mathElement("mo", [OPERATORS[name]])];
    if (Object.hasOwn(LETTERS, name)) return [mathElement("mi", [LETTERS[name]], { mathvariant: "normal" })];
    if (Object.hasOwn(LARGE, name)) return [this.large(name)];
    if (FUNCTIONS.has(name)) return [this.named(name)];
    if (Object.hasOwn(SPACES, name)) return [mathElement("mspace", [], { width: SPACES[name] })];
    if (/^[dtc]?frac$/.test(name)) return [mathElement("mfrac", [this.argument(), this.argument()])];
    if (/^[dt]?binom$/.test(name)) {
      const pair = mathElement("mfrac", [this.argument(), this.argument()], { linethickness: "0" });
      return [mathElement("mrow", [mathElement("mo", ["("]), pair, mathElement("mo", [")"])])];
    }
    if (name === "sqrt") return [this.root()];
    if (name === "pmod") {
      return [mathElement("mrow", [mathElement("mo", ["("]), mathElement("mi", ["mod"]), mathElement("mspace", [], { width: ".3em" }), this.argument(), mathElement("mo", [")"])])];
    }
    if (["boxed", "fbox"].includes(name)) return [mathElement("mrow", [this.argument()], { class: "boxed" })];
    if (TEXTS.has(name)) return [mathElement("mtext", [this.verbatim()])];
    if (name === "mathbb") return [mathElement("mi", [this.verbatim()].map((text) => BLACKBOARD[text] ?? text))];
    if (Object.hasOwn(ACCENTS, name)) {
      return [mathElement("mover", [this.argument(), mathElement("mo", [ACCENTS[name]], { stretchy: "true" })], { accent: "true" })];
    }
    if (FONTS.has(name)) return [];
    if (SIZES.has(name)) return this.fence();
    if (name === "begin") return [this.table()];
    return [mathElement("mtext", [`\\${name}`])];
  }

  large(name) {
    const made = mathElement("mo", [LARGE[name]]);
    if (!name.endsWith("int")) made.dataset.limits = "";
    return made;
  }

  named(name) {
    const made = mathElement("mi", [name === "bmod" ? "mod" : name]);
    if (["lim", "max", "min", "sup", "inf"].includes(name)) made.dataset.limits = "";
    return made;
  }

  root() {
    if (this.peek() !== "[") return mathElement("msqrt", [this.argument()]);
    this.take();
    const degree = mathElement("mrow", this.row(["]"]));
    this.take();
    return mathElement("mroot", [this.argument(), degree]);
  }

  /** What stands behind \left and the like: a delimiter as high as what it encloses, or the dot for none. */
  fence() {
    const token = this.take() ?? ".";
    const sign = token[0] === "\\" ? (OPERATORS[token.slice(1)] ?? token) : token;
    return sign === "." ? [] : [mathElement("mo", [sign], { stretchy: "true", symmetric: "true" })];
  }

  table() {
    if (++this.depth > DEEPEST) throw new RangeError("nested too deeply");
    const name = this.verbatim().replace("*", "");
    if (name === "array") this.verbatim();
    const rows = [[[]]];
    for (let token = this.peek(); token !== undefined && token !== "\\end"; token = this.peek()) {
      if (token === "\\\\") rows.push([[]]);
      else if (token === "&") rows.at(-1).push([]);
      if (token === "\\\\" || token === "&") this.take();
      else rows.at(-1).at(-1).push(...this.row(["&", "\\\\", "\\end"]));
    }
    this.take();
    this.verbatim();
    this.depth -= 1;
    const cells = rows.filter((row) => row.some((cell) => cell.length));
    const lines = cells.map((row) => mathElement("mtr", row.map((cell) => mathElement("mtd", cell))));
    const [open, close] = FENCES[name] ?? ["", ""];
    const table = mathElement("mtable", lines, { class: open === "{" || !open ? "lines" : "matrix" });
    const fence = (sign) => (sign ? [mathElement("mo", [sign], { stretchy: "true", symmetric: "true" })] : []);
    return mathElement("mrow", [...fence(open), table, ...fence(close)]);
  }
}

/** A formula as a MathML element, its source kept for those who copy it. Plain text if it can't be read. */
function formula(source, display = false) {
  try {
    const reader = new Formula(source);
    const items = [];
    while (reader.peek() !== undefined) {
      items.push(...reader.row(["}"]));
      reader.take(); // a brace that closes nothing
    }
    const attributes = display ? { display: "block" } : {};
    return mathElement("math", [mathElement("mrow", items)], { "aria-label": source, ...attributes });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return document.createTextNode(source);
  }
}

/** Where the group that opens at `start` ends, just behind its brace; -1 if it does not. */
function groupEnd(text, start) {
  let open = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "{") open += 1;
    else if (text[at] === "}" && --open === 0) return at + 1;
  }
  return -1;
}

const FORMULAS = [
  // opening, closing, whether it is set on a line by itself
  ["$$", "$$", true],
  ["\\[", "\\]", true],
  ["\\(", "\\)", false],
  ["$", "$", false],
];

/** The first formula at or after `from`: [start, end, its source, display], or nothing. */
function nextFormula(text, from) {
  const opening = /\\boxed\s*(?=\{)|\\begin\{(\w+\*?)\}|\$\$|\\\[|\\\(|\$(?=[^\s$])/g;
  opening.lastIndex = from;
  for (let found = opening.exec(text); found; found = opening.exec(text)) {
    const start = found.index;
    if (found[0].startsWith("\\boxed")) {
      const end = groupEnd(text, opening.lastIndex);
      if (end > 0) return [start, end, text.slice(start, end), false];
      continue;
    }
    if (found[1]) {
      const close = `\\end{${found[1]}}`;
      const end = text.indexOf(close, start) + close.length;
      if (end > start + close.length) return [start, end, text.slice(start, end), true];
      continue;
    }
    const [, closing, display] = FORMULAS.find(([open]) => open === found[0]);
    let end = text.indexOf(closing, opening.lastIndex);
    // Sums of money are no formulas: a closing dollar has no space before it and no digit behind it.
    if (found[0] === "$" && end > 0 && (/\s/.test(text[end - 1]) || /\d/.test(text[end + 1] ?? ""))) end = -1;
    if (end > opening.lastIndex) return [start, end + closing.length, text.slice(opening.lastIndex, end), display];
  }
  return undefined;
}

/** Prose with the two signs of Markdown that models use: bold words and headings. */
function prose(text) {
  return text.split(/(\*\*[^*\n]+\*\*|^#{1,6} [^\n]+$)/m).map((piece, number) => {
    if (number % 2 === 0) return document.createTextNode(piece);
    const strong = document.createElement("strong");
    strong.textContent = piece.replace(/^#{1,6} |\*\*/g, "");
    return strong;
  });
}

/** A model's answer as nodes: text, and its formulas as MathML. */
function typeset(text) {
  const nodes = [];
  let at = 0;
  for (let found = nextFormula(text, 0); found; found = nextFormula(text, at)) {
    const [start, end, source, display] = found;
    // A formula on a line by itself brings its own space.
    const before = text.slice(at, start);
    nodes.push(...prose(display ? before.trimEnd() : before), formula(source, display));
    at = display ? end + /^\s*/.exec(text.slice(end))[0].length : end;
  }
  nodes.push(...prose(text.slice(at)));
  return nodes;
}
