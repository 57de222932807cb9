// The ruler of budgets: its marks double from one to the next, from none at all to no limit.

/** Thinking tokens on a ruler; `null` is no limit. Positions run from 0 to 1, `STEPS` of them between two marks. */
class Ruler {
  static STEPS = 4;

  /** `first` is the mark behind 0; marks beyond `room` would be no limit. */
  constructor(first, room = Infinity) {
    const doublings = Math.max(1, Math.min(7, Math.floor(Math.log2(room / first))));
    this.marks = [0, ...Array.from({ length: doublings + 1 }, (_, power) => first * 2 ** power), null];
    this.first = first;
    this.steps = (this.marks.length - 1) * Ruler.STEPS;
  }

  /** The budget at a step of the slider. */
  at(step) {
    if (step >= this.steps) return null;
    const place = step / Ruler.STEPS;
    return Math.round(place <= 1 ? this.first * place : this.first * 2 ** (place - 1));
  }

  /** Where a budget or a count lies. What is beyond the last mark stays short of no limit. */
  position(tokens) {
    if (tokens === null) return 1;
    const place = tokens <= this.first ? tokens / this.first : 1 + Math.log2(tokens / this.first);
    return Math.min(place, this.marks.length - 1.25) / (this.marks.length - 1);
  }

  /** The step that is nearest to a budget. */
  step(tokens) {
    return Math.round(this.position(tokens) * this.steps);
  }
}

/** Reads `1024`, `4k` or `none`, as the command line does. `undefined` if it is none of them. */
function readTokens(text) {
  const cleaned = text.trim().toLowerCase().replace(/[,_\s]/g, "");
  if (["none", "nolimit", "unlimited", "∞"].includes(cleaned)) return null;
  const match = /^(\d+(?:\.\d+)?)([km]?)$/.exec(cleaned);
  const tokens = match ? Number(match[1]) * { "": 1, k: 1024, m: 1024 ** 2 }[match[2]] : NaN;
  return Number.isSafeInteger(tokens) ? tokens : undefined;
}

const spellTokens = (tokens) => (tokens === null ? "no limit" : tokens.toLocaleString("en"));
