"use strict";
// Draws what `_data` of html.py put into #data. Texts of records are only ever set as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;

  // ---- elements -------------------------------------------------------------------------------------------------
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    return fill(made, attributes, children);
  }
  function svg(name, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    return fill(made, attributes, children);
  }
  function fill(made, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "on") for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
      else if (name === "style") Object.assign(made.style, value);
      else if (value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }
  const count = (tokens) => Math.round(tokens).toLocaleString("en-US");
  const percent = (share) => `${(100 * share).toFixed(1)} %`;

  // ---- theme ----------------------------------------------------------------------------------------------------
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let chosenTheme = null;
  try { chosenTheme = localStorage.getItem("thinkcap-theme"); } catch { /* a page from a file may have no storage */ }
  function showTheme() {
    const theme = chosenTheme || (dark.matches ? "dark" : "light");
    root.dataset.theme = theme;
    const other = theme === "dark" ? "light" : "dark";
    byId("theme").textContent = other === "dark" ? "☾ Dark" : "☀ Light";
    byId("theme").setAttribute("aria-label", `Switch to the ${other} theme`);
  }
  byId("theme").addEventListener("click", () => {
    chosenTheme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("thinkcap-theme", chosenTheme); } catch { /* then it lasts as long as the page */ }
    showTheme();
  });
  dark.addEventListener("change", showTheme);
  showTheme();

  // ---- curves ---------------------------------------------------------------------------------------------------
  const hidden = new Set();
  let chosen = null; // {curve, point}
  let reading = null; // {problem, sample}
  const colour = (curve) => (data.curves[curve].published ? "var(--published)" : `var(--c${curve % 6})`);
  const dashes = (curve) => (data.curves[curve].published ? "2 3" : ["", "8 3", "3 2.5", "10 3 3 3"][Math.floor(curve / 6) % 4]);
  const SHAPES = [
    "M5 0A5 5 0 1 1-5 0A5 5 0 1 1 5 0Z", "M-4.5-4.5H4.5V4.5H-4.5Z", "M0-5.8L5.6 4.6H-5.6Z", "M0-6L6 0L0 6L-6 0Z",
    "M0 5.8L5.6-4.6H-5.6Z", "M-2-5.5H2V-2H5.5V2H2V5.5H-2V2H-5.5V-2H-2Z",
  ];
  function shape(curve, scale = 1) {
    const open = data.curves[curve].published;
    const style = open ? { fill: "var(--ground)", stroke: colour(curve), strokeWidth: 1.6 } : { fill: colour(curve) };
    return svg("path", { class: "shape", d: SHAPES[curve % SHAPES.length], transform: `scale(${scale})`, style });
  }

  function drawLegend() {
    byId("legend").replaceChildren(...data.curves.map((curve, place) => {
      const sign = svg("svg", { width: 34, height: 16, viewBox: "-17 -8 34 16", "aria-hidden": "true" },
        svg("line", { x1: -17, x2: 17, class: "line", style: { stroke: colour(place) }, "stroke-dasharray": dashes(place) }),
        shape(place));
      return element("button", { type: "button", "aria-pressed": String(!hidden.has(place)), on: { click: () => {
        if (!hidden.delete(place)) hidden.add(place);
        drawLegend();
        drawCharts();
        byId("legend").children[place].focus();
      } } }, sign, curve.name);
    }));
  }

  // ---- charts ---------------------------------------------------------------------------------------------------
  const share = (axis, value) => (axis.log
    ? Math.log(value / axis.low) / Math.log(axis.high / axis.low) : (value - axis.low) / (axis.high - axis.low));

  function drawCharts() {
    const focused = document.activeElement?.dataset?.key;
    const charts = byId("drawings");
    while (charts.children.length < data.charts.length) charts.append(element("figure"));
    data.charts.forEach((chart, place) => drawChart(chart, charts.children[place]));
    if (focused) charts.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  function drawChart(chart, holder) {
    const width = holder.clientWidth;
    const height = Math.round(chart.kind === "accuracy" ? Math.min(400, Math.max(280, width * 0.55)) : 230);
    const left = 32 + 7.2 * Math.max(...chart.y.ticks.map(([, label]) => label.length)), right = 14, top = 10, bottom = 44;
    const x = (value) => left + share(chart.x, value) * (width - left - right);
    const y = (value) => height - bottom - share(chart.y, value) * (height - top - bottom);
    const drawing = svg("svg", { height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": chart.title });
    holder.replaceChildren(element("figcaption", {}, chart.title), drawing);

    for (const [value, label] of chart.y.ticks) drawing.append(
      svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, label));
    let free = Infinity;
    for (const [value, label] of [...chart.x.ticks].reverse()) {
      drawing.append(svg("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: height - bottom }));
      const half = label.length * 3.6;
      const middle = Math.min(x(value), width - half);
      if (middle + half + 5 > free) continue;
      free = middle - half;
      drawing.append(svg("text", { x: middle, y: height - bottom + 18, "text-anchor": "middle" }, label));
    }
    drawing.append(
      svg("line", { class: "floor", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }),
      svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, chart.x.title),
      svg("text", { transform: `translate(11 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, chart.y.title));
    if (chart.diagonal) {
      const low = Math.max(chart.x.low, chart.y.low), high = Math.min(chart.x.high, chart.y.high);
      drawing.append(svg("line", { class: "diagonal", x1: x(low), y1: y(low), x2: x(high), y2: y(high) }));
    }
    const lines = chart.lines.filter((line) => !hidden.has(line.curve)).map((line) => ({ ...line, spots: line.marks.map((mark) => [x(mark.x), y(mark.y)]),
      intervals: line.marks.filter((mark) => mark.low !== null && mark.low < mark.high).map((mark) => [x(mark.x), y(mark.low), y(mark.high)]) }));
    for (const { curve, under, intervals } of lines) drawing.append(...intervals.map(([at, low, high]) => svg("line", {
      class: "interval", x1: at, x2: at, y1: low, y2: high, style: { stroke: colour(curve), strokeWidth: 1.6 + under } })));
    for (const { curve, under, spots } of lines) drawing.append(svg("path", {
      class: "line", d: `M${spots.map((spot) => spot.join(" ")).join("L")}`, style: { stroke: colour(curve), strokeWidth: 2.2 + 4 * under }, "stroke-dasharray": dashes(curve) }));
    for (const { curve, under, marks, spots } of lines) spots.forEach((spot, at) => drawing.append(drawMark(chart, curve, under, marks[at].point, spot, lines)));
    const strokes = lines.flatMap((line) => [line.spots, ...line.intervals.map(([at, low, high]) => [[at, low], [at, high]])]);
    if (chart.kind === "accuracy") label(drawing, lines, strokes, [left, top, width, height - bottom]);
  }

  function drawMark(chart, curve, under, point, [x, y], lines) {
    const about = data.curves[curve].points[point];
    const opens = about.results !== null;
    const is = chosen && chosen.curve === curve && chosen.point === point;
    const choose = () => opens && select(curve, point, true);
    // Of points that lie on one another each click takes the next one.
    const chooseNext = () => {
      const here = lines.flatMap((line) => line.spots.map((spot, at) => ({ curve: line.curve, point: line.marks[at].point, spot })))
        .filter((mark) => distance(mark.spot, [x, y]) < 6 && data.curves[mark.curve].points[mark.point].results !== null);
      const now = here.findIndex((mark) => chosen && mark.curve === chosen.curve && mark.point === chosen.point);
      if (now < 0) choose();
      else select(here[(now + 1) % here.length].curve, here[(now + 1) % here.length].point, true);
    };
    return svg("g", {
      class: `mark${is ? " chosen" : ""}`, transform: `translate(${x} ${y})`, tabindex: 0, role: opens ? "button" : "img",
      "data-key": `${chart.kind}-${curve}-${point}`, "aria-label": summary(curve, point).replaceAll("\n", ", "), style: { color: colour(curve) },
      on: {
        click: chooseNext,
        keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } },
        pointerenter: (event) => tip(event.currentTarget, curve, point), pointerleave: hideTip,
        focus: (event) => { if (event.currentTarget.matches(":focus-visible")) tip(event.currentTarget, curve, point); }, blur: hideTip,
      },
    }, svg("circle", { class: "halo", r: 12 }), shape(curve, 1 + 0.6 * under), svg("circle", { class: "ring", r: 9 }));
  }

  // A label goes where it covers no other label, point or line, or is left out; each line's last point has one in any
  // case. Points of several lines on one another share a name.
  function label(drawing, lines, strokes, [left, top, right, bottom]) {
    const taken = [], said = [];
    const wanted = lines.flatMap(({ curve, marks, spots }) => marks.map((mark, at) => ({ curve, text: mark.label, spot: spots[at], last: at === marks.length - 1 })));
    for (const { curve, text, spot: [x, y], last } of wanted.sort((one, other) => other.last - one.last)) {
      if (!text || said.some(([other, where]) => other === text && distance(where, [x, y]) < 12)) continue;
      said.push([text, [x, y]]);
      const written = svg("text", { class: "label", style: { fill: colour(curve) } }, text);
      drawing.append(written);
      const { width, height } = written.getBBox();
      const w = width / 2 + 9, h = height / 2 + 8;
      const around = [[0, -h], [0, h], [-w, -h / 1.6], [w, h / 1.6], [-w - 2, 0], [w + 2, 0], [w, -h / 1.6], [-w, h / 1.6]];
      const boxes = (last ? [1, 2, 3] : [1]).flatMap((step) => around.map(([dx, dy]) => [x + dx * Math.sqrt(step), y + dy * step]))
        .map(([middle, centre]) => [middle - width / 2, centre - height / 2, middle + width / 2, centre + height / 2]);
      const place = boxes.find((box) => box[0] >= left && box[1] >= top && box[2] <= right && box[3] <= bottom
        && !taken.some((other) => overlap(box, other, 2))
        && strokes.every((stroke) => stroke.every(([px, py], at) => !overlap(box, [px, py, px, py], 6)
          && (at === 0 || !crosses(stroke[at - 1], stroke[at], box))))) ?? (last ? boxes[4] : null);
      if (!place) { written.remove(); continue; }
      taken.push(place);
      written.setAttribute("x", place[0]);
      written.setAttribute("y", place[1] + height * 0.8);
    }
  }
  const distance = ([a, b], [c, d]) => Math.abs(a - c) + Math.abs(b - d);
  const overlap = (a, b, gap) => a[0] - gap < b[2] && b[0] - gap < a[2] && a[1] - gap < b[3] && b[1] - gap < a[3];
  function crosses([ax, ay], [bx, by], [left, top, right, bottom]) {
    let from = 0, to = 1; // Liang and Barsky's clipping
    for (const [step, room] of [[ax - bx, ax - left + 2], [bx - ax, right + 2 - ax], [ay - by, ay - top + 2], [by - ay, bottom + 2 - ay]]) {
      if (step === 0) { if (room < 0) return false; } else if (step < 0) from = Math.max(from, room / step); else to = Math.min(to, room / step);
    }
    return from <= to;
  }

  function summary(curve, point) {
    const about = data.curves[curve].points[point];
    const rows = [data.curves[curve].name + (about.name ? `, ${about.name}` : ""), `${count(about.used)} tokens a response`];
    if (about.accuracy) {
      const [value, low, high] = about.accuracy;
      rows.push(`${percent(value)} correct` + (low < high ? ` (95 %: ${percent(low)} to ${percent(high)})` : ""));
    }
    if (about.cut !== null) rows.push(`${percent(about.cut)} of the thoughts cut`);
    return rows.join("\n");
  }
  function tip(mark, curve, point) {
    const box = byId("tip");
    box.textContent = summary(curve, point);
    box.hidden = false;
    const at = mark.getBoundingClientRect();
    const across = Math.min(Math.max(8, at.left + at.width / 2 - box.offsetWidth / 2), innerWidth - box.offsetWidth - 8);
    box.style.left = `${across}px`;
    box.style.top = `${at.top - box.offsetHeight - 6 < 4 ? at.bottom + 6 : at.top - box.offsetHeight - 6}px`;
  }
  function hideTip() { byId("tip").hidden = true; }

  function drawTable() {
    const heads = ["curve", "budget", "tokens", "accuracy", "95 % interval", "cut"];
    const rows = data.curves.flatMap((curve) => curve.points.map((point) => [
      curve.name, point.label || "–", count(point.used), point.accuracy ? percent(point.accuracy[0]) : "–",
      point.accuracy && point.accuracy[1] < point.accuracy[2] ? `${percent(point.accuracy[1])} to ${percent(point.accuracy[2])}` : "–",
      point.cut === null ? "–" : percent(point.cut)]));
    byId("table").append(element("div", {}, element("table", {},
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell))))))));
  }

  // ---- the problems behind a point ------------------------------------------------------------------------------
  const KINDS = {
    all: () => true, right: (result) => result.correct === true, wrong: (result) => result.error !== null || result.correct === false,
    cut: (result) => result.cut, "no answer": (result) => !result.answer,
  };
  let kind = "all", sought = "";
  const resultsOf = ({ curve, point }) => data.results[data.curves[curve].points[point].results] ?? [];

  function select(curve, point, byUser = false) {
    chosen = { curve, point };
    drawCharts();
    const results = resultsOf(chosen);
    if (!reading || !results.some((result) => result.problem === reading.problem)) {
      const first = byUser ? results.find(KINDS[kind]) ?? results[0] : telling(results, curve);
      reading = first && { problem: first.problem, sample: first.sample };
    }
    byId("reader").hidden = false;
    drawReader();
    if (byUser && matchMedia("(max-width: 1079px)").matches) byId("reader").scrollIntoView({ behavior: "smooth" });
  }

  // The page opens with a problem that shows what a cut costs: wrong here, right at the largest budget.
  function telling(results, curve) {
    const last = resultsOf({ curve, point: data.curves[curve].points.length - 1 });
    const isRightLater = (result) => last.some((other) => other.problem === result.problem && other.sample === result.sample && other.correct);
    return results.find((result) => result.cut && result.correct === false && isRightLater(result)) ?? results.find((result) => result.cut) ?? results[0];
  }

  function drawReader() {
    const { curve, point } = chosen;
    const [title, ...rest] = summary(curve, point).split("\n");
    byId("where").replaceChildren(element("h2", {}, title), element("p", {}, rest.join(" · ")));
    drawFilters();
    drawProblems();
    drawResult();
  }

  function drawFilters() {
    const results = resultsOf(chosen);
    const counts = Object.entries(KINDS).map(([name, fits]) => [name, results.filter(fits).length]);
    if (!counts.find(([name]) => name === kind)?.[1]) kind = "all";
    const search = byId("filters").querySelector("input") ?? element("input", { type: "search", placeholder: "find a problem", "aria-label": "Find a problem",
      on: { input: (event) => { sought = event.target.value.toLowerCase(); drawProblems(); } } });
    for (const old of [...byId("filters").children]) if (old !== search) old.remove();
    byId("filters").append(...counts.filter(([name, many]) => many || name === "all").map(([name, many]) => element("button", {
      type: "button", "aria-pressed": String(kind === name), "data-kind": name,
      on: { click: () => {
        kind = name;
        drawFilters();
        drawProblems();
        byId("filters").querySelector(`[data-kind="${name}"]`)?.focus();
      } } }, `${name} ${many}`)), search);
  }

  const verdict = (result) => (result.error !== null ? ["wrong", "not run", "!"] : result.correct === true ? ["right", "correct", "✓"]
    : result.correct === false ? ["wrong", result.answer ? "wrong" : "no answer", "✗"] : ["open", result.answer ? "not graded" : "no answer", "·"]);

  function drawProblems() {
    const grouped = new Map();
    for (const result of resultsOf(chosen)) {
      if (!grouped.has(result.problem)) grouped.set(result.problem, []);
      grouped.get(result.problem).push(result);
    }
    const rows = [];
    for (const [problem, results] of grouped) {
      const [id, text] = data.problems[problem];
      const fitting = results.filter(KINDS[kind]);
      if (!fitting.length || (sought && !`${id}\n${text}`.toLowerCase().includes(sought))) continue;
      const right = results.filter((result) => result.correct).length;
      const [style, word, sign] = verdict(fitting[0]);
      const several = results.length > 1;
      rows.push(element("li", {}, element("button", {
        type: "button", "data-problem": problem, "aria-current": String(reading?.problem === problem),
        on: { click: () => { reading = { problem, sample: fitting[0].sample }; mark(); drawResult(); } } },
      element("span", { class: `verdict-${several && right && right < results.length ? "open" : style}`, title: word }, several && right && right < results.length ? "◐" : sign),
      element("span", {}, id), element("span", { class: "text" }, text),
      element("span", { class: "count" }, several ? `${right} of ${results.length}` : `${count(results[0].tokens[0])} tokens`))));
    }
    byId("problems").replaceChildren(...(rows.length ? rows : [element("li", { class: "none" }, "No problem is like that.")]));
    mark();
  }
  function mark() {
    for (const button of byId("problems").querySelectorAll("button")) {
      button.setAttribute("aria-current", String(Number(button.dataset.problem) === reading?.problem));
    }
  }
  // Only the list scrolls: scrollIntoView would move the page too.
  function showChosen() {
    const list = byId("problems"), row = list.querySelector("[aria-current=true]");
    if (!row) return;
    const [here, frame] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
    if (here.top < frame.top || here.bottom > frame.bottom) list.scrollTop += here.top - frame.top - (frame.height - here.height) / 2;
  }

  function drawResult() {
    const here = resultsOf(chosen).filter((result) => result.problem === reading?.problem);
    const result = here.find((each) => each.sample === reading?.sample) ?? here[0];
    if (!result) { byId("result").replaceChildren(); return; }
    const [id, problem] = data.problems[result.problem];
    const [style, word] = verdict(result);
    const parts = [element("div", { class: "head" }, element("h2", {}, id), element("span", { class: `pill ${style}` }, word))];
    if (here.length > 1) parts.push(heading("Samples"), chips(here.map((each) => [`${each.sample} ${verdict(each)[2]}`, each === result, () => {
      reading = { problem: each.problem, sample: each.sample };
      drawResult();
    }])));
    const budgets = data.curves[chosen.curve].points.map((point, place) => [point, (data.results[point.results] ?? [])
      .find((each) => each.problem === result.problem && each.sample === result.sample), place]).filter(([, each]) => each);
    if (budgets.length > 1) parts.push(heading("The same at other budgets"), chips(budgets.map(([point, each, place]) => [
      `${point.label} ${verdict(each)[2]}`, place === chosen.point, () => { reading = { problem: each.problem, sample: each.sample }; select(chosen.curve, place); }])));
    parts.push(heading("Problem"), element("p", { class: "prose" }, problem));
    if (result.error !== null) parts.push(heading("Not run"), element("p", { class: "prose" }, result.error));
    else parts.push(heading("Thought"), thought(result), heading("Solution"), element("p", { class: "prose" }, result.solution.trim()), ...answers(result),
      element("p", { class: "aside" }, `${count(result.tokens[0])} thinking, ${count(result.tokens[1])} injected and ${count(result.tokens[2])} solution tokens`));
    byId("result").replaceChildren(...parts);
    byId("result").scrollTop = 0;
    showChosen(); // now that the list has the height that the result leaves it
  }
  const heading = (text) => element("h3", {}, text);
  const chips = (list) => element("div", { class: "chips" }, ...list.map(([text, is, choose]) =>
    element("button", { type: "button", "aria-pressed": String(is), on: { click: choose } }, text)));

  function thought(result) {
    const [number, length, injected] = result.thought;
    const whole = data.thoughts[number] ?? "";
    const onward = result.cut ? whole.slice(length).trimEnd() : "";
    const said = result.cut ? `${result.stop}, after ${count(result.tokens[0])} tokens` : result.stop;
    const box = element("div", { class: "box" }, element("p", { class: "prose thought" }, injected ? whole.slice(0, length) : whole.slice(0, length).trimEnd(),
      injected ? element("span", { class: "injected", title: "put in to end the thought" }, injected.trimEnd()) : null,
      length || injected ? "\n" : "", element("span", { class: `end ${result.cut ? "cut" : "closed"}` }, `${result.cut ? "✂ " : ""}${said}`),
      onward ? element("span", { class: "onward", title: "what a larger budget went on to think" }, `\n${onward}`) : null));
    if (onward) box.append(element("p", { class: "aside" }, "Grey: how the thought went on under a larger budget."));
    return box;
  }
  function answers(result) {
    const said = result.answer ? `Answer ${result.answer}` : "No answer";
    return [element("p", { class: "aside prose" }, result.expected === null ? said : `${said}, expected ${result.expected}`)];
  }

  // ---- start ----------------------------------------------------------------------------------------------------
  byId("caption").textContent = data.caption;
  drawLegend();
  drawTable();
  const first = data.curves.findIndex((curve) => curve.points.some((point) => point.results !== null));
  if (first < 0) byId("hint").textContent = "Click a name to hide its curve.";
  drawCharts();
  if (first >= 0) select(first, Math.floor((data.curves[first].points.length - 1) / 2));
  let width = byId("drawings").clientWidth;
  new ResizeObserver(() => {
    if (byId("drawings").clientWidth === width) return;
    width = byId("drawings").clientWidth;
    drawCharts();
  }).observe(byId("drawings"));
})();
