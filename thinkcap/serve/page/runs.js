// What was asked for, and how its events are shown: a problem under one budget, or under every budget of the ruler.

/** One request in flight. A thought that several budgets share is the largest one's, which comes last. */
class Run {
  abort = new AbortController();
  over = false;

  constructor(model, problem, budgets) {
    this.model = model;
    this.problem = problem;
    this.budgets = budgets;
    this.largest = budgets.at(-1);
    this.thoughts = new Map(); // budget -> thought
    this.outcomes = new Map(); // budget -> outcome
  }

  get request() {
    return { model: this.model.id, problem: this.problem, budgets: this.budgets.map((budget) => budget ?? "none") };
  }

  /** Whether its thought was cut, and may go on. */
  get goesOn() {
    return this.budgets.length === 1 && this.over && canGoOn(this.outcomes.get(this.largest).stop_reason);
  }

  get main() {
    return this.thoughtOf(this.largest);
  }

  /** The thought that a budget's answer came from. */
  thoughtOf(budget) {
    if (!this.thoughts.has(budget) && budget !== this.largest) return this.main;
    if (!this.thoughts.has(budget)) this.thoughts.set(budget, new Thought());
    return this.thoughts.get(budget);
  }

  begin() {
    this.main.showIn(at("thought"));
    this.count();
  }

  take(event) {
    const { type, budget } = event;
    if (type === "started") {
      this.id = event.id;
      if (!this.thoughts.has(budget)) this.thoughts.set(budget, new Thought());
    } else if (type === "thought") {
      this.thoughtOf(budget).append(event.text, event.thinking_tokens, event.injected);
      if (budget === this.largest) this.count();
    } else if (type === "closed") {
      this.closed(budget, event);
    } else if (type === "answer") {
      if (budget === this.largest) this.answer(event.text);
    } else if (type === "outcome") {
      this.outcomes.set(budget, event.outcome);
      this.kept = event.id;
      this.answered(budget, event.outcome);
    } else if (type === "finished") {
      this.over = true;
      document.body.classList.remove("thinking");
      this.finish();
    }
  }

  closed(budget, { stop_reason: reason, thinking_tokens: tokens }) {
    const thought = this.thoughtOf(budget);
    const words = closing(reason, tokens);
    thought.tokens = tokens;
    thought.end(words, wasCut(reason));
    if (thought !== this.main) return;
    this.count();
    document.body.classList.remove("thinking");
    say(words);
  }

  /** It ended before its end. What had not begun is not shown. */
  stopped(how) {
    at("result").hidden = at("curve").hidden = !this.id;
    if (!this.main.ending) this.main.end(`${how}, after ${counted(this.main.tokens)}`, true);
    say(how);
  }

  count() {
    const { tokens } = this.main;
    const limit = this.largest;
    at("count").textContent = limit === null ? counted(tokens) : `${tokens.toLocaleString("en")} of ${counted(limit)}`;
    at("used").style.width = `calc((100% - 24px) * ${ruler.position(tokens)})`;
  }

  /** The command line that does the same. */
  commandLine(command, options) {
    const { id, thinkcap } = this.model;
    const [outcome] = this.outcomes.values();
    const flags = [
      ["--model", quoted(id)],
      ["--quant", thinkcap.quant],
      ["--seed", thinkcap.temperature > 0 ? outcome?.seed : undefined],
      options,
    ];
    const said = flags.filter(([, value]) => value !== undefined && value !== "").map((flag) => flag.join(" "));
    const problem = quoted(this.problem);
    const words = this.problem.startsWith("-") ? [...said, "--", problem] : [problem, ...said];
    return ["thinkcap", command, ...words].join(" ");
  }
}

class Solving extends Run {
  solution = "";

  begin() {
    super.begin();
    at("curve").hidden = at("forks").hidden = true;
    say(this.largest === 0 ? "Answering" : "Thinking");
  }

  answer(text) {
    this.solution += text;
    eachFrame(() => this.show());
  }

  show() {
    at("solution").replaceChildren(...typeset(printable(this.solution.trim())));
  }

  answered(budget, outcome) {
    this.solution = outcome.solution;
    this.show();
    at("figures").textContent = sentences(outcome, budget);
  }

  finish() {
    say(`Answered: ${at("solution").textContent.slice(0, 300)}`);
    const [outcome] = this.outcomes.values();
    keep(this.commandLine("solve", ["--budget", this.largest ?? "unlimited"]), outcome);
  }
}

/** A thought that goes on from where an earlier run's budget cut it. */
class GoingOn extends Solving {
  constructor(earlier, budget) {
    super(earlier.model, earlier.problem, [budget]);
    this.earlier = earlier;
    this.thoughts.set(budget, earlier.main);
  }

  get request() {
    return { ...super.request, more: this.earlier.kept };
  }

  take(event) {
    if (event.type === "started") this.main.goOn(event.resumed);
    super.take(event);
  }

  /** If it did not begin, all is as it was. */
  stopped(how) {
    if (this.id) return super.stopped(how);
    this.earlier.count();
    for (const [budget, outcome] of this.earlier.outcomes) this.earlier.answered(budget, outcome);
    this.earlier.finish();
  }
}

class Sweeping extends Run {
  begin() {
    super.begin();
    at("curve").hidden = at("forks").hidden = false;
    this.plot = new Plot(at("plot"), ruler, this.budgets);
    this.rows = new Map(this.budgets.map((budget) => [budget, this.row(budget)]));
    at("forks").replaceChildren(...[...this.rows.values()].map((button) => wrapped("li", button)));
    say("Thinking under every budget");
  }

  row(budget) {
    const button = element("button");
    button.type = "button";
    button.disabled = true;
    button.append(element("span", spellTokens(budget), "asked"), element("span", "…", "said waiting"), element("span", "", "how"));
    button.onclick = () => this.choose(budget);
    return button;
  }

  answer() {} // every answer shows when it is whole

  answered(budget, outcome) {
    this.plot.add(budget, outcome.answer);
    const button = this.rows.get(budget);
    const [, said, how] = button.children;
    said.className = "said";
    said.replaceChildren(outcome.answer === null ? "no answer" : formula(printable(outcome.answer)));
    how.textContent = wasCut(outcome.stop_reason) ? "✂ cut" : counted(outcome.thinking_tokens);
    button.disabled = false;
    const thought = this.thoughtOf(budget);
    if (wasCut(outcome.stop_reason) && budget !== this.largest && thought === this.main) thought.flag(budget, outcome.thinking);
  }

  finish() {
    const whole = this.outcomes.get(this.largest);
    for (const [budget, button] of this.rows) {
      button.classList.toggle("other", this.outcomes.get(budget)?.answer !== whole?.answer);
    }
    say(`Answered under ${counted(this.outcomes.size, "budget")}. Without a limit: ${whole?.answer ?? "no answer"}`);
    at("figures").textContent = "Choose a budget to see where it cut the thought, and its whole answer.";
    const budgets = this.budgets.map((budget) => budget ?? "unlimited").join(",");
    keep(this.commandLine("sweep", ["--budgets", budgets]), [...this.outcomes.values()]);
  }

  /** Shows one budget's thought and answer; chosen again, all of them. */
  choose(budget) {
    const again = this.rows.get(budget).getAttribute("aria-pressed") === "true";
    for (const [each, button] of this.rows) button.setAttribute("aria-pressed", String(each === budget && !again));
    const thought = again ? this.main : this.thoughtOf(budget);
    thought.showIn(at("thought"));
    thought.choose(again ? undefined : budget);
    const outcome = this.outcomes.get(budget);
    at("solution").replaceChildren(...(again ? [] : typeset(printable(outcome.solution.trim()))));
    at("figures").textContent = again ? "" : sentences(outcome, budget);
  }
}

function wrapped(name, child) {
  const made = document.createElement(name);
  made.append(child);
  return made;
}

let drawing = null;

/** Draws at most once a frame, however often it is asked to. */
function eachFrame(draw) {
  if (!drawing) requestAnimationFrame(() => ((drawing = null), draw()));
  drawing = draw;
}
