// The page: the problem, the budget and the buttons, and who is asked.

const at = (id) => document.getElementById(id);
let model = { id: "", thinkcap: {} };
let ruler = new Ruler(64);
let budget = null; // thinking tokens; null is no limit
let run = null; // what is in flight
let last = null; // what was followed last
const SLOWLY = 30; // thinking tokens a second in slow motion
let done = null; // what can be copied: the command line and the JSON

/** Asks the server what it has, and for a key if it wants one. */
async function enter() {
  try {
    const models = await askJson("/v1/models");
    model = { thinkcap: {}, ...models.data[0] };
  } catch (error) {
    at("door").hidden = error.status !== 401;
    complain(error.status === 401 && !apiKey ? null : error);
    if (error.status === 401) at("key").focus();
    return;
  }
  at("door").hidden = true;
  complain(null);
  const { quant, description, scope, examples = [], thinking, context = Infinity, solution = 0 } = model.thinkcap;
  at("model").textContent = [model.id, quant, description].filter(Boolean).join(" · ");
  at("scope").textContent = scope ?? "";
  at("examples").replaceChildren(...examples.map(example));
  ruler = new Ruler(thinking ? Math.max(Math.round(thinking / 16), 1) : 8, context - solution);
  at("slider").max = ruler.steps;
  at("marks").replaceChildren(...ruler.marks.map(mark));
  setBudget(thinking ?? null);
  if (!at("problem").value) setProblem(examples[0] ?? "");
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

function setBudget(tokens, typed = false) {
  budget = tokens;
  at("slider").value = ruler.step(tokens);
  at("slider").setAttribute("aria-valuetext", tokens === null ? "no limit" : counted(tokens));
  if (!typed) at("tokens").value = tokens ?? "unlimited";
  at("tokens").removeAttribute("aria-invalid");
  at("unit").textContent = tokens === null ? "" : tokens === 1 ? "token" : "tokens";
  [...at("marks").children].forEach((each, number) => each.classList.toggle("here", ruler.marks[number] === tokens));
}

function typeBudget() {
  const tokens = readTokens(at("tokens").value);
  if (tokens === undefined) at("tokens").setAttribute("aria-invalid", "true");
  else setBudget(tokens, true);
  return tokens !== undefined;
}

function start(Kind, budgets) {
  const problem = at("problem").value.trim();
  if (!problem) return at("problem").focus();
  if (!typeBudget()) return at("tokens").focus();
  return follow(new Kind(model, problem, budgets ?? [budget]));
}

/** Follows a request to its end, whatever the end is. */
async function follow(next) {
  if (run) return;
  last = run = next;
  clear();
  run.begin();
  busy(true);
  // In a small window the problem would take the place of what is to come.
  if (at("result").getBoundingClientRect().top > 0.6 * innerHeight) at("budget").scrollIntoView();
  try {
    const { signal } = run.abort;
    const pace = () => (at("slowly").checked && !run.hurries ? SLOWLY : Infinity);
    const source = events("/v1/sweep", run.request, signal);
    for await (const event of paced(source, run.largest, run.main.tokens, pace, signal)) run.take(event);
  } catch (error) {
    run.stopped(error.name === "AbortError" ? "stopped" : "broken off");
    if (error.name !== "AbortError") complain(error);
    if (!run.id) last = run.earlier ?? run;
  }
  busy(false);
  run = null;
}

const think = () => start(Solving);

/** Goes on under the budget of the slider, or if that is used up, to the next mark. */
function thinkMore() {
  const used = last.main.tokens;
  if (!typeBudget() || (budget !== null && budget <= used)) setBudget(ruler.marks.find((mark) => mark === null || mark > used));
  follow(new GoingOn(last, budget));
}

const thinkAtAll = () => start(Sweeping, ruler.marks);
const stop = () => run?.abort.abort();

/** Closes the thought. In slow motion the model may have answered long ago: then the rest is shown at once. */
function answerNow() {
  run.hurries = true;
  askJson("/v1/answer_now", { id: run.id }).catch((error) => error.status !== 404 && complain(error));
}

function clear() {
  complain(null);
  done = null;
  at("solution").replaceChildren();
  at("figures").textContent = "";
  at("copies").hidden = true;
  at("result").hidden = false;
}

function busy(is) {
  const held = document.activeElement;
  document.body.classList.toggle("thinking", is);
  document.body.classList.toggle("sweeping", is && run instanceof Sweeping);
  at("think").hidden = at("sweep").hidden = is;
  at("stop").hidden = !is;
  at("answer").hidden = !is || run instanceof Sweeping;
  at("more").hidden = is || !last.goesOn;
  // Whoever pressed a button that is gone goes on at the one that took its place.
  if (held?.closest("#actions, #more") && held.hidden) at(is ? "stop" : "think").focus();
}

const say = (text) => (at("news").textContent = text);

function complain(error) {
  if (error && !(error instanceof Refusal)) console.debug(error);
  at("trouble").textContent = error ? (error instanceof Refusal ? error.message : "The server can't be reached.") : "";
}

function keep(command, result) {
  done = { command, json: JSON.stringify(result, null, 2) };
  at("copies").hidden = false;
}

async function copy(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    say("Copied");
    button.textContent = "Copied";
  } catch {
    complain(new Refusal(0, `The browser does not let a page copy here. ${text}`));
  }
  setTimeout(() => (button.textContent = label), 1500);
}

at("ask").onsubmit = (event) => {
  event.preventDefault();
  think();
};
at("sweep").onclick = thinkAtAll;
at("stop").onclick = stop;
at("answer").onclick = answerNow;
at("more").onclick = thinkMore;
at("problem").oninput = fit;
at("problem").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  think();
};
at("slider").oninput = () => setBudget(ruler.at(Number(at("slider").value)));
at("tokens").oninput = typeBudget;
at("tokens").onchange = () => typeBudget() && setBudget(budget);
document.addEventListener("keydown", (event) => event.key === "Escape" && stop());
at("copy-command").onclick = () => copy(at("copy-command"), done.command);
at("copy-json").onclick = () => copy(at("copy-json"), done.json);
at("door").onsubmit = (event) => {
  event.preventDefault();
  apiKey = at("key").value;
  enter();
};

enter();
