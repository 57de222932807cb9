// The answer under each budget: one row for each answer, in the order in which they come, along the ruler above it.

const SVG = "http://www.w3.org/2000/svg";
const HIGHEST = 46; // pixels of a row at most
const FOOT = 30; // pixels under the lowest row

class Plot {
  constructor(box, ruler, budgets) {
    this.box = box;
    this.ruler = ruler;
    this.budgets = budgets;
    this.answers = new Map(); // budget -> answer
    this.draw();
  }

  add(budget, answer) {
    this.answers.set(budget, answer);
    this.draw();
  }

  draw() {
    const known = this.budgets.filter((budget) => this.answers.has(budget));
    const rows = [...new Set(known.map((budget) => this.answers.get(budget)))];
    const row = Math.min(HIGHEST, Math.max(30, 230 / rows.length));
    const height = FOOT + row * Math.max(rows.length - 1, 0) + 26;
    this.box.style.height = `${height}px`;
    const x = (budget) => this.ruler.position(budget) * 100;
    const y = (budget) => height - FOOT - row * rows.indexOf(this.answers.get(budget));
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("viewBox", `0 0 100 ${height}`);
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("aria-hidden", "true");
    for (const budget of this.budgets) drawing.append(this.path(`M${x(budget)} 0V${height}`, "guide"));
    const steps = known.map((budget, number) => `${number ? `H${x(budget)}V` : `M${x(budget)} `}${y(budget)}`);
    drawing.append(this.path(steps.join(""), "line"));
    const last = this.answers.get(this.budgets.at(-1));
    const names = rows.map((answer) => this.name(answer, known, x, y));
    const dots = this.budgets.map((budget) => {
      const answered = this.answers.has(budget);
      const kind = !answered ? "waiting" : this.answers.get(budget) === last ? "last" : "";
      return this.place(element("span", "", `dot ${kind}`), x(budget), answered ? y(budget) : height - FOOT);
    });
    this.box.replaceChildren(drawing, ...names, ...dots);
    // The line comes to a row from below or above, so that its name has room at the left, but for the first one's.
    for (const label of names) label.classList.toggle("below", label.offsetLeft < label.offsetWidth - 16);
    this.box.setAttribute("role", "img");
    const spoken = known.map((budget) => `${spellTokens(budget)}: ${this.answers.get(budget) || "no answer"}`);
    this.box.setAttribute("aria-label", `Answers by budget. ${spoken.join("; ")}`);
  }

  /** An answer's name, where its row begins. */
  name(answer, known, x, y) {
    const budget = known.find((each) => this.answers.get(each) === answer);
    const label = element("span", "", "name");
    label.append(answer === null ? "no answer" : formula(printable(answer)));
    return this.place(label, x(budget), y(budget));
  }

  place(made, left, top) {
    made.style.left = `${left}%`;
    made.style.top = `${top}px`;
    return made;
  }

  path(data, className) {
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("d", data);
    made.setAttribute("class", className);
    made.setAttribute("vector-effect", "non-scaling-stroke");
    return made;
  }
}
