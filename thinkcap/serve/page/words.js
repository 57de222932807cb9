// The figures of a result, in words.

const CLOSINGS = {{ closings }};

const FINISHES = {
  stop: "ended by itself",
  length: "was ended at its own limit",
  deadline: "was ended by the time limit",
  context: "was ended because the context is full",
  interrupted: "was stopped",
};

const counted = (count, noun = "token") => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** `0.08 s`, `3.4 s`, `72 s`. */
const spellSeconds = (seconds) => `${seconds < 1 ? seconds.toFixed(2) : seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;

function pace(tokens, seconds) {
  if (!seconds) return "";
  const rate = tokens / seconds;
  return ` in ${spellSeconds(seconds)}, ${(rate < 10 ? Number(rate.toFixed(1)) : Math.round(rate)).toLocaleString("en")} a second`;
}

const wasCut = (reason) => !["natural", "sure"].includes(reason);

/** Why a thought ended: `cut at the budget, after 64 tokens`. */
function closing(reason, tokens) {
  return tokens ? `${CLOSINGS[reason] ?? reason}, after ${counted(tokens)}` : (CLOSINGS[reason] ?? reason);
}

/** What a generation took. `details` is the server's own account of it, `budget` what was allowed. */
function sentences(details, budget) {
  const { thinking_tokens: thought, injected_tokens: injected, solution_tokens: solution, seconds = {} } = details;
  const limit = budget === null ? counted(thought) : `${thought.toLocaleString("en")} of ${counted(budget)}`;
  const said = [];
  if (budget === 0) said.push("It answered without thinking.");
  else said.push(`It thought ${limit}${pace(thought, seconds.thinking)}: ${CLOSINGS[details.stop_reason] ?? details.stop_reason}.`);
  if (injected) said.push(`${counted(injected)} ${injected === 1 ? "was" : "were"} put in to close the thought.`);
  const finish = FINISHES[details.finish_reason] ?? details.finish_reason;
  said.push(`The answer took ${counted(solution)}${pace(solution, seconds.solution)}, and ${finish}.`);
  return said.join(" ");
}

/** A text as one word of a shell's command line. */
const quoted = (text) => (/^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
