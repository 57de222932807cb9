// The figures of a result, in words.

const ENDS = {{ ends }};
const ending = (reason) => (Object.hasOwn(ENDS, reason) ? ENDS[reason] : reason);

const counted = (count, noun = "token") => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** `0.08 s`, `3.4 s`, `72 s`. */
const spellSeconds = (seconds) => `${seconds < 1 ? seconds.toFixed(2) : seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;

function pace(tokens, seconds) {
  if (!seconds) return "";
  const rate = tokens / seconds;
  return ` in ${spellSeconds(seconds)}, ${(rate < 10 ? Number(rate.toFixed(1)) : Math.round(rate)).toLocaleString("en")} a second`;
}

const wasCut = (reason) => reason !== "natural";

/** Whether a thought that ended so has more to say under a larger budget. */
const canGoOn = (reason) => ["budget", "deadline", "interrupted"].includes(reason);

/** Why a thought ended: `cut at the budget, after 64 tokens`. */
const closing = (reason, tokens) => ending(reason) + (tokens ? `, after ${counted(tokens)}` : "");

/** What a generation took. `outcome` is the server's own account of it, `budget` what was allowed. */
function sentences(outcome, budget) {
  const { thinking_tokens: thought, injected_tokens: injected, solution_tokens: solution, seconds } = outcome;
  const { resumed_tokens: resumed = 0, answer_forced: forced, probe_tokens: begun } = outcome;
  const limit = budget === null ? counted(thought) : `${thought.toLocaleString("en")} of ${counted(budget)}`;
  const before = resumed ? `, ${resumed.toLocaleString("en")} of them before, the rest` : "";
  const said = [`It thought ${limit}${before}${pace(thought - resumed, seconds.thinking)}: ${ending(outcome.stop_reason)}.`];
  if (budget === 0) said[0] = "It answered without thinking.";
  if (injected) said.push(`${counted(injected)} ${injected === 1 ? "was" : "were"} put in to close the thought.`);
  said.push(`The answer took ${counted(solution)}${pace(solution, seconds.solution)}: ${ending(outcome.finish_reason)}.`);
  if (forced) said.push(`No answer could be read, so thinkcap began one for it: ${counted(begun)}.`);
  return said.join(" ");
}

/** A text as one word of a shell's command line. */
const quoted = (text) => (/^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
