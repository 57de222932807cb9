// What the page does: it asks the server, shows what comes back, and keeps it for copying.

const at = (id) => document.getElementById(id);
const thought = new Thought(at("thought"));
let model = { id: "", thinkcap: {} };
let ruler = new Ruler(64);
let budget = null; // thinking tokens; null is no limit
let run = null; // what is in flight
let done = null; // what can be copied: the command and the JSON

// ---- asking -------------------------------------------------------------------------------------------------------

async function open() {
  try {
    const models = await askJson("/v1/models");
    model = { thinkcap: {}, ...models.data[0] };
  } catch (error) {
    at("door").hidden = error.status !== 401;
    if (error.status !== 401 || apiKey) complain(error);
    if (error.status === 401) at("key").focus();
    return;
  }
  at("door").hidden = true;
  complain(null);
  const { quant, description, scope, examples = [], budget: usual = null } = model.thinkcap;
  at("model").textContent = [model.id, quant, description].filter(Boolean).join(" · ");
  at("scope").textContent = scope ?? "";
  at("examples").replaceChildren(...examples.map(example));
  ruler = new Ruler(usual ? Math.max(usual / 16, 1) : 8);
  at("slider").max = ruler.steps;
  at("marks").replaceChildren(...ruler.marks.map(mark));
  setBudget(usual);
  if (examples.length && !at("problem").value) setProblem(examples[0]);
}

function example(problem) {
  const button = element("button", problem);
  button.type = "button";
  button.onclick = () => {
    setProblem(problem);
    at("problem").focus();
  };
  return button;
}

function mark(tokens) {
  const made = element("span", spellTokens(tokens));
  made.style.left = `${ruler.position(tokens) * 100}%`;
  return made;
}

function setProblem(text) {
  at("problem").value = text;
  fit();
}

/** As high as its text, in browsers that do not do so themselves. */
function fit() {
  if (CSS.supports("field-sizing", "content")) return;
  at("problem").style.height = "auto";
  at("problem").style.height = `${at("problem").scrollHeight}px`;
}

function setBudget(tokens, { typed = false } = {}) {
  budget = tokens;
  at("slider").value = ruler.step(tokens);
  at("slider").setAttribute("aria-valuetext", tokens === null ? "no limit" : counted(tokens));
  if (!typed) at("tokens").value = tokens === null ? "none" : tokens;
  at("tokens").removeAttribute("aria-invalid");
  at("unit").textContent = tokens === 1 ? "token" : "tokens";
  [...at("marks").children].forEach((each, number) => each.classList.toggle("here", ruler.marks[number] === tokens));
}

function typeBudget() {
  const tokens = readTokens(at("tokens").value);
  if (tokens === undefined) at("tokens").setAttribute("aria-invalid", "true");
  else setBudget(tokens, { typed: true });
  return tokens !== undefined;
}

const conversation = () => ({ model: model.id, messages: [{ role: "user", content: at("problem").value.trim() }] });

function think() {
  const request = { ...conversation(), stream: true, stream_options: { include_usage: true }, thinkcap: { budget } };
  return start(new Solving(request));
}

function thinkAtAll() {
  const request = { ...conversation(), budgets: ruler.marks, stream: true };
  return start(new Sweeping(request));
}

/** Follows one request to its end, whatever the end is. */
async function start(asked) {
  if (run) return;
  if (!at("problem").value.trim()) return at("problem").focus();
  if (!typeBudget()) return at("tokens").focus();
  run = asked;
  complain(null);
  clear();
  asked.begin();
  busy(true);
  try {
    for await (const event of events(asked.path, asked.request, asked.abort.signal)) asked.take(event);
    asked.finish();
  } catch (error) {
    if (error.name === "AbortError") asked.stopped();
    else complain(error);
  }
  run = null;
  busy(false);
}

// ---- one thought under one budget ---------------------------------------------------------------------------------

class Solving {
  path = "/v1/chat/completions";
  abort = new AbortController();

  constructor(request) {
    this.request = request;
    this.budget = request.thinkcap.budget;
    this.tokens = 0;
    this.solution = "";
    this.details = {};
  }

  begin() {
    at("curve").hidden = at("forks").hidden = true;
    count(0, this.budget);
    say(this.budget === 0 ? "Answering" : "Thinking");
  }

  take(chunk) {
    this.id = chunk.id;
    Object.assign(this.details, chunk.thinkcap);
    if (chunk.usage) this.usage = chunk.usage;
    const delta = chunk.choices?.[0]?.delta ?? {};
    if (delta.reasoning_content) thought.append(delta.reasoning_content);
    this.tokens = this.details.thinking_tokens ?? this.tokens;
    count(this.tokens, this.budget);
    if (this.details.stop_reason && !this.closed) this.close(this.details.stop_reason);
    if (delta.content) {
      this.solution += delta.content;
      eachFrame("solution", () => at("solution").replaceChildren(...typeset(printable(this.solution.trimStart()))));
    }
  }

  close(reason) {
    this.closed = true;
    document.body.classList.remove("thinking");
    const words = this.budget === 0 ? "no thinking allowed" : closing(reason, this.tokens);
    thought.end(words, wasCut(reason));
    say(words);
  }

  finish() {
    at("figures").textContent = sentences(this.details, this.budget);
    say(`Answered: ${at("solution").textContent.slice(0, 300)}`);
    keep(`solve`, `--budget ${this.budget ?? "none"}`, {
      request: this.request,
      thinking: thought.text,
      solution: this.solution,
      usage: this.usage,
      thinkcap: this.details,
    });
  }

  stopped() {
    if (!this.closed) thought.end(`stopped, after ${counted(this.tokens)}`, true);
    at("figures").textContent = "You stopped it.";
    say("Stopped");
  }
}

// ---- one thought under every budget of the ruler -------------------------------------------------------------------

class Sweeping {
  path = "/v1/sweep";
  abort = new AbortController();

  constructor(request) {
    this.request = request;
    this.outcomes = new Map(); // budget -> outcome
    this.tokens = 0;
  }

  begin() {
    at("curve").hidden = at("forks").hidden = false;
    this.plot = new Plot(at("plot"), ruler, this.request.budgets);
    this.rows = new Map(this.request.budgets.map((each) => [each, this.row(each)]));
    at("forks").replaceChildren(...[...this.rows.values()].map((button) => {
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
    count(0, null);
    say("Thinking under every budget");
  }

  row(asked) {
    const button = element("button");
    button.type = "button";
    button.disabled = true;
    button.append(element("span", spellTokens(asked), "asked"), element("span", "…", "said waiting"), element("span", "", "how"));
    button.onclick = () => this.choose(asked);
    return button;
  }

  take(event) {
    if (event.type === "thinking") {
      thought.append(event.text);
      this.tokens = event.thinking_tokens;
      count(this.tokens, null);
    } else if (event.type === "outcome") {
      this.answered(event.outcome);
    }
  }

  answered(outcome) {
    const asked = outcome.budget.thinking;
    this.outcomes.set(asked, outcome);
    this.plot.add(asked, outcome.answer);
    const button = this.rows.get(asked);
    const [, said, how] = button.children;
    said.className = "said";
    said.replaceChildren(outcome.answer === null ? "no answer" : formula(printable(outcome.answer)));
    how.textContent = wasCut(outcome.stop_reason) ? "✂ cut" : counted(outcome.thinking_tokens);
    button.disabled = false;
    if (wasCut(outcome.stop_reason) && thought.text.startsWith(outcome.thinking)) thought.flag(asked, outcome.thinking.length);
  }

  finish() {
    document.body.classList.remove("thinking");
    const whole = [...this.outcomes.values()].at(-1);
    if (!whole) return;
    const settled = this.outcomes.get(null) ?? whole;
    thought.end(closing(settled.stop_reason, settled.thinking_tokens), wasCut(settled.stop_reason));
    for (const [asked, button] of this.rows) {
      button.classList.toggle("other", this.outcomes.get(asked)?.answer !== settled.answer);
    }
    say(`Answered under ${counted(this.outcomes.size, "budget")}; without a limit: ${settled.answer ?? "no answer"}`);
    const budgets = this.request.budgets.map((each) => each ?? "none").join(",");
    keep("sweep", `--budgets ${budgets}`, { request: this.request, outcomes: [...this.outcomes.values()] });
  }

  choose(asked) {
    const outcome = this.outcomes.get(asked);
    const again = this.rows.get(asked).getAttribute("aria-pressed") === "true";
    for (const [each, button] of this.rows) button.setAttribute("aria-pressed", String(each === asked && !again));
    thought.choose(again ? undefined : asked);
    at("solution").replaceChildren(...(again ? [] : typeset(printable(outcome.solution.trimStart()))));
    at("figures").textContent = again ? "" : sentences(outcome, asked);
  }

  stopped() {
    thought.end(`stopped, after ${counted(this.tokens)}`, true);
    say("Stopped");
  }
}

// ---- showing ------------------------------------------------------------------------------------------------------

function clear() {
  thought.clear();
  done = null;
  at("solution").replaceChildren();
  at("figures").textContent = "";
  at("copies").hidden = true;
  at("result").hidden = false;
}

function busy(is) {
  const focused = document.activeElement;
  document.body.classList.toggle("thinking", is);
  document.body.classList.toggle("sweeping", run instanceof Sweeping);
  at("think").hidden = at("sweep").hidden = is;
  at("stop").hidden = !is;
  at("answer").hidden = !is || run instanceof Sweeping;
  // Whoever pressed a button that is gone goes on at the one that took its place.
  if (focused?.closest("#actions") && focused.hidden) (is ? at("stop") : at("think")).focus();
}

function count(tokens, limit) {
  at("count").textContent = limit === null ? counted(tokens) : `${tokens.toLocaleString("en")} of ${counted(limit)}`;
  at("used").style.width = `calc((100% - 24px) * ${ruler.position(tokens)})`;
}

const say = (text) => (at("news").textContent = text);

function complain(error) {
  at("trouble").textContent = error ? (error instanceof Refusal ? error.message : "The server can't be reached.") : "";
}

const waiting = new Map();

/** Draws at most once a frame, however often it is asked to. */
function eachFrame(name, draw) {
  if (!waiting.has(name)) requestAnimationFrame(() => flush(name));
  waiting.set(name, draw);
}

function flush(name) {
  waiting.get(name)?.();
  waiting.delete(name);
}

// ---- copying ------------------------------------------------------------------------------------------------------

function keep(command, options, result) {
  const problem = result.request.messages[0].content;
  const name = [`--model ${quoted(model.id)}`, model.thinkcap.quant && `--quant ${model.thinkcap.quant}`].filter(Boolean).join(" ");
  const line = problem.startsWith("-")
    ? `thinkcap ${command} ${name} ${options} -- ${quoted(problem)}`
    : `thinkcap ${command} ${quoted(problem)} ${name} ${options}`;
  done = { command: line, json: JSON.stringify(result, null, 2) };
  at("copies").hidden = false;
}

async function copy(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "The browser does not let it";
  }
  say(button.textContent);
  setTimeout(() => (button.textContent = label), 1500);
}

// ---- hands --------------------------------------------------------------------------------------------------------

at("ask").onsubmit = (event) => {
  event.preventDefault();
  think();
};
at("sweep").onclick = thinkAtAll;
at("stop").onclick = () => run?.abort.abort();
at("answer").onclick = () => askJson("/v1/answer_now", { id: run.id }).catch(complain);
at("problem").oninput = fit;
at("problem").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  think();
};
at("slider").oninput = () => setBudget(ruler.at(Number(at("slider").value)));
at("tokens").oninput = typeBudget;
at("tokens").onchange = () => typeBudget() && setBudget(budget);
document.addEventListener("keydown", (event) => event.key === "Escape" && run?.abort.abort());
at("copy-command").onclick = () => copy(at("copy-command"), done.command);
at("copy-json").onclick = () => copy(at("copy-json"), done.json);
at("door").onsubmit = (event) => {
  event.preventDefault();
  apiKey = at("key").value;
  open();
};

open();
