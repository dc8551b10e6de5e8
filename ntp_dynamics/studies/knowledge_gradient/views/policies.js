// Panels of policies: curves with bands, and bars of shares with theory's marks.
"use strict";
(() => {
  const { el, svg, num, colour, savers, saveSvg, fileName } = ntp;
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [420, 300, 52, 12, 10, 40];
  const INKS = ["#8c8c8c", "#e69f00", "#0072b2", "#56b4e9", "#7b4fa3", "#cc79a7", "#8c6d1f", "#b59a3c", "#009e73", "#4b7f52", "ink", "#d55e00"];
  const ink = (index) => (INKS[index] === "ink" ? colour("ink") : INKS[index]);

  const span = (values) => {
    const known = values.filter((v) => v !== null);
    const [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
    const room = high > low ? 0.05 * (high - low) : Math.abs(high) || 1;
    return [low - room, high + room];
  };
  const ticks = ([low, high]) => {
    const raw = (high - low) / 5;
    const size = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((m) => m * size >= raw) * size;
    const found = [];
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) found.push(Number(v.toPrecision(12)));
    return found;
  };

  const frame = (panel, tall, y) => {
    const drawn = svg("svg", { viewBox: `0 0 ${W} ${H}`, width: "100%", role: "img", class: "map", "aria-label": panel.title, "font-family": "system-ui, sans-serif" });
    const text = (at, up, anchor, words, more) => drawn.append(svg("text", { x: at, y: up, "text-anchor": anchor, "font-size": 10, fill: colour("soft"), ...more }, words));
    for (const v of ticks(tall)) {
      drawn.append(svg("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: colour("line"), "stroke-width": 0.6 }));
      text(LEFT - 5, y(v) + 3, "end", num(v));
    }
    text((LEFT + W - RIGHT) / 2, H - 6, "middle", panel.x, { "font-size": 11 });
    text(0, 0, "middle", panel.y, { "font-size": 11, transform: `translate(11 ${(TOP + H - BOTTOM) / 2}) rotate(-90)` });
    return { drawn, text };
  };
  const upwards = (tall) => (v) => H - BOTTOM - ((v - tall[0]) / (tall[1] - tall[0])) * (H - TOP - BOTTOM);

  const lines = (panel) => {
    const wide = span(panel.lines.flatMap((l) => l.x));
    const tall = span(panel.lines.flatMap((l) => l.y).concat(panel.level === undefined ? [] : [panel.level]));
    const x = (v) => LEFT + ((v - wide[0]) / (wide[1] - wide[0])) * (W - LEFT - RIGHT);
    const y = upwards(tall);
    const inside = (v) => y(Math.min(Math.max(v, tall[0]), tall[1]));
    const { drawn, text } = frame(panel, tall, y);
    for (const v of ticks(wide)) text(x(v), H - BOTTOM + 14, "middle", num(v));
    if (panel.level !== undefined) drawn.append(svg("line", { x1: LEFT, x2: W - RIGHT, y1: y(panel.level), y2: y(panel.level), stroke: colour("soft") }));
    for (const line of panel.lines) {
      const known = line.x.map((v, i) => i).filter((i) => line.y[i] !== null && line.x[i] !== null);
      if (line.low) {
        const way = [...known.map((i) => [line.x[i], line.high[i]]), ...known.reverse().map((i) => [line.x[i], line.low[i]])];
        drawn.append(svg("polygon", { points: way.map(([a, b]) => `${x(a).toFixed(1)},${inside(b).toFixed(1)}`).join(" "), fill: ink(line.ink), "fill-opacity": 0.12 }));
        known.reverse();
      }
      const way = known.map((i, n) => `${n && known[n - 1] === i - 1 ? "L" : "M"}${x(line.x[i]).toFixed(1)} ${y(line.y[i]).toFixed(1)}`).join("");
      drawn.append(svg("path", { d: way, fill: "none", stroke: ink(line.ink), "stroke-width": 1.7 }, svg("title", {}, line.label)));
    }
    return drawn;
  };

  const bars = (panel) => {
    const tall = [0, 1.08 * Math.max(...panel.bars.flatMap((b) => [...b.values, ...b.marks]))];
    const y = upwards(tall);
    const { drawn, text } = frame(panel, tall, y);
    const room = (W - LEFT - RIGHT) / panel.at.length;
    const width = (0.84 * room) / panel.bars.length;
    panel.at.forEach((name, i) => {
      if (i % Math.ceil(panel.at.length / 20) === 0) text(LEFT + (i + 0.5) * room, H - BOTTOM + 14, "middle", name);
      panel.bars.forEach((bar, k) => {
        const left = LEFT + (i + 0.08) * room + k * width;
        drawn.append(svg("rect", { x: left, y: y(bar.values[i]), width, height: Math.max(y(0) - y(bar.values[i]), 0), fill: ink(bar.ink) }, svg("title", {}, `${bar.label}, arm ${name}: ${num(bar.values[i])}`)));
        if (bar.marks.length) drawn.append(svg("line", { x1: left - 0.5, x2: left + width + 0.5, y1: y(bar.marks[i]), y2: y(bar.marks[i]), stroke: colour("ink"), "stroke-width": 1.4 }));
      });
    });
    return drawn;
  };

  const picture = (panel) => (panel.kind === "bars" ? bars(panel) : lines(panel));
  const legend = (panel) => el("p", { class: "legend" }, (panel.lines || panel.bars).map((l) => el("span", {},
    el("i", { class: "swatch", style: { borderTopColor: ink(l.ink), borderTopStyle: "solid" } }), l.label)));

  const make = (data, index) => {
    const first = data.panels[index];
    const body = el("div", {});
    const self = {
      box: el("figure", { class: "panel", "data-panel": `policies-${first.name}` },
        el("figcaption", {}, el("h3", {}, first.title), savers(first.title, (format) => saveSvg(self.picture, fileName(first.name), format))), body),
      data,
    };
    self.draw = (next = self.data) => {
      self.data = next;
      self.picture = picture(next.panels[index]);
      body.replaceChildren(self.picture, legend(next.panels[index]));
    };
    self.move = () => {};
    return self;
  };

  ntp.views.policies = {
    shape: (data) => data.panels.map((panel) => panel.name).join(),
    parts: (data) => data.panels.map((_, index) => make(data, index)),
  };
})();
