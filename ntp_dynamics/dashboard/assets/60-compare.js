// Jobs, or groups of jobs, on one clock: a line and a band each.
"use strict";
(() => {
  const { el, num, dec, colour, plain, plotly, savers, label, count } = ntp;
  const INKS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
  const DASHES = ["solid", "dash", "dot", "dashdot"];
  const style = (i) => ({ color: INKS[i % INKS.length], dash: DASHES[Math.floor(i / INKS.length) % DASHES.length] });
  const tint = (hex) => `${hex}26`;

  const panel = (told, p) => {
    const plot = el("div", { class: "plot" });
    const figure = () => {
      const [xLog, yLog] = ntp.compareScale ? { "log-log": [true, true], "semi-log": [false, true], linear: [false, false] }[ntp.compareScale] : [true, p.decades];
      const value = (v) => (v === null ? null : p.decades ? (yLog ? v : 10 ** v) : !yLog ? v : v > 0 ? Math.log10(v) : null);
      const data = [];
      let [low, high] = [Infinity, -Infinity];
      p.curves.map((c) => {
        const from = xLog ? c.x.findIndex((v) => v > 0) : 0;
        const cut = (list) => list.slice(from < 0 ? list.length : from);
        return { x: cut(c.x), median: cut(c.median), low: cut(c.low), high: cut(c.high) };
      }).forEach((curve, i) => {
        const ys = curve.median.map(value);
        for (const v of [...ys, ...curve.low.map(value), ...curve.high.map(value)]) if (v !== null && Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
        const line = style(i);
        const one = { type: "scatter", mode: "lines", x: curve.x, legendgroup: i, hoverinfo: "skip", showlegend: false };
        if (curve.low.length && p.curves.length <= 12) {
          data.push({ ...one, y: curve.low.map(value), line: { width: 0 } }, { ...one, y: curve.high.map(value), line: { width: 0 }, fill: "tonexty", fillcolor: tint(line.color) });
        }
        const name = plain(label(told.lines[i].name, 40));
        data.push({ ...one, y: ys, name, showlegend: false, line: { width: 2, ...line }, hoverinfo: "text", hovertext: ys.map((v, k) => `${name}<br>${plain(told.axis)} ${num(curve.x[k])}: ${yLog ? dec(v) : num(v)}`) });
      });
      const xs = p.curves.flatMap((curve) => curve.x).filter((v) => !xLog || v > 0);
      const [left, right] = xs.length ? [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))] : [1, 10];
      if (low > high) [low, high] = [0, 1];
      const pad = 0.05 * (high - low) || 0.05;
      return { data, layout: ntp.curves.base({
        height: 300, showlegend: false, margin: { l: 56, r: 10, t: 8, b: 40 },
        xaxis: ntp.curves.axis({ title: { text: plain(told.axis), standoff: 4 }, ...ntp.curves.stepAxis(xLog, left, right) }),
        yaxis: ntp.curves.axis({ range: [low - pad, high + pad], title: { text: plain(p.axis), standoff: 2 }, ...(yLog ? ntp.curves.ticks(low - pad, high + pad) : {}) }),
      }) };
    };
    const box = el("figure", { class: "panel", "data-panel": p.name }, el("figcaption", {}, el("h3", {}, p.title), savers(p.title, async (format) => {
      const P = await plotly();
      const { data, layout } = figure();
      const named = data.map((t) => ({ ...t, showlegend: Boolean(t.name) }));
      P.downloadImage({ data: named, layout: { ...layout, height: undefined, showlegend: true, title: { text: plain(p.title) }, margin: { ...layout.margin, t: 40 }, paper_bgcolor: colour("panel") } }, { format, width: 720, height: 520, filename: `compare-${p.name}` });
    })), el("div", { class: "stagebox" }, plot));
    const draw = async () => { const P = await plotly(); const { data, layout } = figure(); await P.react(plot, data, layout, ntp.curves.CONFIG); };
    return { box, draw };
  };

  // The panels of a comparison with one legend for all.
  ntp.comparison = (told) => {
    const parts = told.panels.map((p) => panel(told, p));
    parts.forEach((part) => requestAnimationFrame(part.draw));
    const swatch = (i) => el("i", { class: `swatch ${style(i).dash}`, style: { borderColor: style(i).color } });
    const legend = el("ul", { class: "lines" }, told.lines.map((line, i) => el("li", {}, swatch(i), line.jobs.length === 1 ? el("a", { class: "in", href: `/job/${line.jobs[0]}` }, label(line.name, 70)) : ` ${label(line.name, 60)} (${count(line.jobs.length, "job")})`)));
    const notes = [told.left_out ? `${num(told.left_out)} more jobs are left out` : "", told.unread ? `${count(told.unread, "job")} without this phase, or unreadable` : ""].filter(Boolean).join("; ");
    const box = el("div", { class: "comparison" }, legend, notes ? el("p", { class: "note" }, notes) : "", el("div", { class: "grid main" }, parts.map((part) => part.box)));
    box.draw = () => parts.forEach((part) => part.draw());
    return box;
  };

  ntp.compare = (root, told) => {
    const c = told.comparison;
    if (!c.lines.length) { root.replaceChildren(el("h1", {}, "Compare"), el("p", { class: "empty" }, "No job to compare: pick some in the table of a sweep.")); return; }
    const select = (name, options, chosen, key) => el("label", {}, `${name} `, (() => { const box = el("select", { "aria-label": name, onchange: () => ntp.ask({ [key]: box.value }) }, options.map(([v, t]) => el("option", { value: v }, t))); box.value = chosen; return box; })());
    const chosen = new Set(c.shown);
    const body = ntp.comparison(c);
    const scale = el("select", { "aria-label": "scale of the curves", onchange: () => { ntp.compareScale = scale.value; body.draw(); } }, [["", "own scale"], ["log-log", "log-log"], ["semi-log", "semi-log"], ["linear", "linear"]].map(([v, t]) => el("option", { value: v }, t)));
    scale.value = ntp.compareScale || "";
    root.replaceChildren(el("h1", {}, `${count(c.lines.reduce((n, l) => n + l.jobs.length, 0), "job")} on one clock`),
      el("div", { class: "controls" }, select("clock", Object.entries(c.clocks), c.clock, "clock"),
        select("a line for each", [["", "job"], ...c.keys.map((k) => [k, k])], c.by, "by"), c.phases.length > 1 ? select("phase", [["", "of each its own"], ...c.phases.map((k) => [k, k])], c.phase, "phase") : "", el("label", {}, "curves ", scale)),
      body,
      el("details", { class: "more" }, el("summary", {}, "other quantities"), el("div", { class: "pickers" }, c.names.map(([name, title]) => el("label", {}, el("input", { type: "checkbox", checked: chosen.has(name), onchange: (event) => { if (event.target.checked) chosen.add(name); else chosen.delete(name); ntp.ask({ show: [...chosen].join(",") }); } }), ` ${label(title, 60)}`)))));
    if (ntp.leave) ntp.leave();
    ntp.leave = ntp.theme.watch(body.draw);
  };
})();
