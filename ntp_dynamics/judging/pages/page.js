"use strict";
// Values under the pointer, or under a finger; and the JSON as a file.
for (const link of document.querySelectorAll("a.json")) {
  const text = document.getElementById(link.dataset.of).textContent;
  link.href = "data:application/json;charset=utf-8," + encodeURIComponent(text);
  link.hidden = false;
}
const short = (x) => x === null ? "no value" : x === 0 ? "0" : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e5
  ? x.toLocaleString("en", { maximumSignificantDigits: 4 }) : x.toExponential(3).replace("e+", "e");
const nearest = (t, at, log) => {
  const along = (x) => log ? Math.log(x) : x;
  let best = 0;
  t.forEach((x, i) => { if (Math.abs(along(x) - along(at)) < Math.abs(along(t[best]) - along(at))) best = i; });
  return best;
};
const said = (record, i) => {
  const { t, y, runs, clock } = record.curve;
  const head = `${clock} ${t[i].toLocaleString("en")}: `;
  const fails = (run) => ["broken", "contradicted"].includes(record.runs[run].outcome);
  if (runs.length === 1) return head + short(y[0][i]);
  const worst = runs.map((_, run) => run).filter(fails).slice(0, 3);
  const values = y.map((row) => row[i]).filter((x) => x !== null).sort((a, b) => a - b);
  const range = values.length ? `${short(values[0])} to ${short(values[values.length - 1])} over ${values.length} runs` : "no value";
  return head + [range, ...worst.map((run) => `${runs[run]}: ${short(y[run][i])}`)].join("; ");
};
for (const article of document.querySelectorAll("article")) {
  const data = article.querySelector("script[type='application/json']");
  const record = JSON.parse(data.textContent);
  const reading = article.querySelector(".reading");
  for (const svg of article.querySelectorAll("svg")) {
    const panels = JSON.parse(svg.dataset.axes);
    const wide = svg.viewBox.baseVal.width;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    line.setAttribute("class", "cursor");
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = (event.clientX - box.left) * wide / box.width;
      const { x: [left, right], t: [first, last], log } = panels[0];
      if (x < left || x > right || !record.curve.t.length) return;
      const part = (x - left) / (right - left);
      const at = log ? first * (last / first) ** part : first + part * (last - first);
      const i = nearest(record.curve.t, at, log);
      const t = record.curve.t[i];
      const place = log ? Math.log(t / first) / Math.log(last / first) : (t - first) / (last - first);
      const mark = left + place * (right - left);
      line.setAttribute("x1", mark); line.setAttribute("x2", mark);
      line.setAttribute("y1", panels[0].y[0]); line.setAttribute("y2", panels[panels.length - 1].y[1]);
      svg.append(line);
      reading.textContent = said(record, i);
    });
    svg.addEventListener("pointerleave", () => { line.remove(); reading.textContent = "\u00a0"; });
  }
}
