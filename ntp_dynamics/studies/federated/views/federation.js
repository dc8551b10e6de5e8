// Panels of a federation: means with their 95 % band, theory's curves, and one map; x can be switched to what is spent.
"use strict";
(() => {
  const { el, svg, num, colour, savers, saveSvg, fileName } = ntp;
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [420, 300, 58, 12, 10, 40];

  // A scale of numbers on an axis: where they are (0 to 1), and its ticks.
  const scale = (values, log) => {
    const to = log ? Math.log10 : (v) => v;
    const known = values.filter((v) => v !== null && (!log || v > 0)).map(to);
    let [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
    const room = high > low ? 0.04 * (high - low) : Math.abs(high) || 1;
    [low, high] = [low - room, high + room];
    const at = (v) => (v === null || (log && v <= 0) ? null : (to(v) - low) / (high - low));
    const ticks = [];
    if (log && high - low >= 2) {
      const step = Math.max(1, Math.ceil((high - low) / 6));
      for (let k = Math.ceil(low); k <= high; k += step) ticks.push(10 ** k);
    } else if (log) {
      for (let k = Math.floor(low); k <= high; k += 1) for (const m of [1, 2, 5]) if (Math.log10(m * 10 ** k) >= low && Math.log10(m * 10 ** k) <= high) ticks.push(m * 10 ** k);
    } else {
      const raw = (high - low) / 5;
      const size = 10 ** Math.floor(Math.log10(raw));
      const step = [1, 2, 5, 10].find((m) => m * size >= raw) * size;
      for (let v = Math.ceil(low / step) * step; v <= high; v += step) ticks.push(Number(v.toPrecision(12)));
    }
    return { at, ticks };
  };

  const across = (line, axis) => (Array.isArray(line.x) ? line.x : line.x[axis]);
  const mixed = (share) => {
    const hex = (name) => [1, 3, 5].map((i) => parseInt(colour(name).slice(i, i + 2), 16));
    const [pale, end] = [hex("panel"), hex(share < 1 ? "blue" : "red")];
    const strength = Math.min(Math.abs(share - 1), 1) * 0.85;
    return `rgb(${pale.map((a, c) => Math.round(a + strength * (end[c] - a))).join(",")})`;
  };

  const picture = (panel, axis) => {
    const ys = panel.lines.flatMap((l) => [...l.y, ...(l.low || []), ...(l.high || [])]).concat(panel.level === undefined ? [] : [panel.level]);
    const X = scale(panel.map ? panel.map.x : panel.lines.flatMap((l) => across(l, axis)), panel.logs.includes("x"));
    const Y = panel.map ? { at: (v) => (v + 0.5) / panel.map.rows.length, ticks: [] } : scale(ys, panel.logs.includes("y"));
    const x = (v) => { const a = X.at(v); return a === null ? null : LEFT + a * (W - LEFT - RIGHT); };
    const y = (v) => { const a = Y.at(v); return a === null ? null : H - BOTTOM - a * (H - TOP - BOTTOM); };
    const drawn = svg("svg", { viewBox: `0 0 ${W} ${H}`, width: "100%", role: "img", class: "map", "aria-label": panel.title, "font-family": "system-ui, sans-serif" });
    const text = (at, up, anchor, words, more) => drawn.append(svg("text", { x: at, y: up, "text-anchor": anchor, "font-size": 10, fill: colour("soft"), ...more }, words));
    const rule = (x1, y1, x2, y2, more) => drawn.append(svg("line", { x1, y1, x2, y2, stroke: colour("grid"), "stroke-width": 1, ...more }));
    if (panel.map) {
      const { x: etas, rows, values } = panel.map;
      const tall = (H - TOP - BOTTOM) / rows.length;
      rows.forEach((name, r) => {
        text(LEFT - 5, y(r) + 3, "end", name);
        etas.forEach((eta, c) => {
          const [from, to] = [x(etas[Math.max(c - 1, 0)]), x(etas[Math.min(c + 1, etas.length - 1)])];
          const [left, right] = [(x(eta) + from) / 2, (x(eta) + to) / 2];
          drawn.append(svg("rect", { x: left, y: y(r) - tall / 2, width: right - left + 0.4, height: tall, fill: mixed(values[r][c]) }, svg("title", {}, `eta ${num(eta)}, H ${name}: ${num(values[r][c])}`)));
        });
      });
    }
    for (const v of X.ticks) { rule(x(v), TOP, x(v), H - BOTTOM); text(x(v), H - BOTTOM + 14, "middle", num(v, 2)); }
    for (const v of Y.ticks) { rule(LEFT, y(v), W - RIGHT, y(v)); text(LEFT - 5, y(v) + 3, "end", num(v, 3)); }
    text((LEFT + W - RIGHT) / 2, H - 6, "middle", typeof panel.x === "string" ? panel.x : panel.x[axis], { "font-size": 11 });
    text(0, 0, "middle", panel.y, { "font-size": 11, transform: `translate(11 ${(TOP + H - BOTTOM) / 2}) rotate(-90)` });
    if (panel.level !== undefined) rule(LEFT, y(panel.level), W - RIGHT, y(panel.level), { stroke: colour("soft"), "stroke-dasharray": "2 3", "stroke-width": 1 });
    for (const l of panel.lines) {
      const at = across(l, axis).map((v, i) => [x(v), y(l.y[i]), i]).filter(([a, b]) => a !== null && b !== null);
      const label = () => svg("title", {}, l.label);
      if (l.low) {
        const side = (values) => at.map(([a, , i]) => `${a.toFixed(1)} ${(y(values[i]) ?? H - BOTTOM).toFixed(1)}`);
        drawn.append(svg("path", { d: `M${[...side(l.high), ...side(l.low).reverse()].join("L")}Z`, fill: colour(l.ink), "fill-opacity": 0.2 }));
      }
      if (!l.points || panel.map) drawn.append(svg("path", { d: at.length ? `M${at.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L")}` : "", fill: "none", stroke: colour(l.ink), "stroke-width": 1.7, "stroke-opacity": l.fade ?? 1, "stroke-dasharray": l.dash ? "5 4" : null }, label()));
      if (l.points) for (const [a, b] of at) drawn.append(svg("circle", { cx: a, cy: b, r: 3.4, fill: colour(l.ink), stroke: colour("panel") }, label()));
    }
    return drawn;
  };

  const mark = (l) => (l.points
    ? { width: "8px", height: "8px", border: "0", borderRadius: "4px", background: colour(l.ink) }
    : { borderTopColor: colour(l.ink), borderTopStyle: l.dash ? "dashed" : "solid", opacity: l.fade ?? 1 });
  const legend = (panel) => el("p", { class: "legend" }, panel.lines.map((l) => el("span", {}, el("i", { class: "swatch", style: mark(l) }), l.label)));

  const make = (data, index) => {
    const first = data.panels[index];
    const body = el("div", {});
    const self = { data, axis: typeof first.x === "string" ? null : Object.keys(first.x)[0] };
    const choose = self.axis && Object.keys(first.x).length > 1
      ? el("select", { "aria-label": `x axis of ${first.title}`, onchange: (event) => { self.axis = event.target.value; self.draw(); } },
        Object.entries(first.x).map(([key, words]) => el("option", { value: key }, words)))
      : null;
    self.box = el("figure", { class: "panel", "data-panel": `federation-${first.name}` },
      el("figcaption", {}, el("h3", {}, first.title), savers(first.title, (format) => saveSvg(self.picture, fileName(first.name), format))), choose, body);
    self.draw = (next = self.data) => {
      self.data = next;
      self.picture = picture(next.panels[index], self.axis);
      body.replaceChildren(self.picture, legend(next.panels[index]));
    };
    self.move = () => {};
    return self;
  };

  ntp.views.federation = {
    shape: (data) => data.panels.map((panel) => panel.name).join(),
    parts: (data) => data.panels.map((_, index) => make(data, index)),
  };
})();
