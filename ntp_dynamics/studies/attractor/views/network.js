// Panels of the attractor network: theory's curves, what was found beside them, and u(x, t) as a map.
"use strict";
(() => {
  const { el, svg, num, colour, savers, saveSvg, fileName } = ntp;
  const [W, H, LEFT, RIGHT, TOP, BOTTOM] = [420, 300, 52, 12, 10, 40];
  const ink = (name) => colour(name === "orange" ? "red" : name);

  const span = (values) => {
    const known = values.filter((v) => v !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
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
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

  const picture = (panel) => {
    const xs = panel.lines.flatMap((l) => l.x);
    const ys = panel.lines.flatMap((l) => l.y).concat(panel.level === undefined ? [] : [panel.level]);
    const wide = panel.map ? [panel.map.x[0], panel.map.x.at(-1)] : span(xs);
    const tall = panel.map ? [-180, 180] : span(ys);
    const x = (v) => LEFT + ((v - wide[0]) / (wide[1] - wide[0])) * (W - LEFT - RIGHT);
    const y = (v) => H - BOTTOM - ((v - tall[0]) / (tall[1] - tall[0])) * (H - TOP - BOTTOM);
    const drawn = svg("svg", { viewBox: `0 0 ${W} ${H}`, width: "100%", role: "img", class: "map", "aria-label": panel.title, "font-family": "system-ui, sans-serif" });
    const text = (at, up, anchor, words, more) => drawn.append(svg("text", { x: at, y: up, "text-anchor": anchor, "font-size": 10, fill: colour("soft"), ...more }, words));
    if (panel.map) {
      const { x: t, y: places, values } = panel.map;
      const top = Math.max(...values.flat());
      const [pale, dark] = [rgb(colour("panel")), rgb(colour("blue"))];
      const height = (H - TOP - BOTTOM) / places.length + 0.5;
      values.forEach((row, i) => {
        const width = x(t[Math.min(i + 1, t.length - 1)]) - x(t[i]) + 0.5;
        row.forEach((u, k) => drawn.append(svg("rect", {
          x: x(t[i]), y: y(places[k]) - height, width, height,
          fill: `rgb(${pale.map((a, c) => Math.round(a + (u / top) * 0.8 * (dark[c] - a))).join(",")})`,
        })));
      });
    }
    for (const v of ticks(wide)) {
      drawn.append(svg("line", { x1: x(v), x2: x(v), y1: TOP, y2: H - BOTTOM, stroke: colour("line"), "stroke-width": 0.6 }));
      text(x(v), H - BOTTOM + 14, "middle", num(v));
    }
    for (const v of panel.map ? [-180, -90, 0, 90, 180] : ticks(tall)) {
      drawn.append(svg("line", { x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v), stroke: colour("line"), "stroke-width": 0.6 }));
      text(LEFT - 5, y(v) + 3, "end", num(v));
    }
    text((LEFT + W - RIGHT) / 2, H - 6, "middle", panel.x, { "font-size": 11 });
    text(0, 0, "middle", panel.y, { "font-size": 11, transform: `translate(11 ${(TOP + H - BOTTOM) / 2}) rotate(-90)` });
    if (panel.mark) {
      drawn.append(svg("line", { x1: x(panel.mark[0]), x2: x(panel.mark[0]), y1: TOP, y2: H - BOTTOM, stroke: colour("soft"), "stroke-dasharray": "2 3" }));
      text(x(panel.mark[0]) + 4, H - BOTTOM - 5, "start", panel.mark[1]);
    }
    for (const line of panel.lines) {
      const at = line.x.map((v, i) => [v, line.y[i]]);
      const known = at.filter(([a, b]) => a !== null && b !== null && a >= wide[0] && a <= wide[1]);
      const label = () => svg("title", {}, line.label);
      if (line.points) {
        for (const [a, b] of known) {
          if (line.stems) drawn.append(svg("line", { x1: x(a), x2: x(a), y1: y(0), y2: y(b), stroke: ink(line.ink), "stroke-width": 2 }));
          drawn.append(line.ticks
            ? svg("line", { x1: x(a) - 9, x2: x(a) + 9, y1: y(b), y2: y(b), stroke: ink(line.ink), "stroke-width": 2 }, label())
            : svg("circle", { cx: x(a), cy: y(b), r: 3.4, fill: ink(line.ink), stroke: colour("panel") }, label()));
        }
      } else {
        let pen = "M";
        const way = at.map(([a, b]) => {
          if (a === null || b === null || a < wide[0] || a > wide[1]) { pen = "M"; return ""; }
          const move = `${pen}${x(a).toFixed(1)} ${y(b).toFixed(1)}`;
          pen = "L";
          return move;
        }).join("");
        drawn.append(svg("path", { d: way, fill: "none", stroke: ink(line.ink), "stroke-width": 1.7, "stroke-opacity": line.fade ?? 1, "stroke-dasharray": line.dash === true ? "5 4" : line.dash || null }, label()));
      }
    }
    return drawn;
  };

  const mark = (l) => l.points && !l.ticks
    ? { width: "8px", height: "8px", border: "0", borderRadius: "4px", background: ink(l.ink) }
    : { borderTopColor: ink(l.ink), borderTopStyle: l.dash === "1 3" ? "dotted" : l.dash ? "dashed" : "solid", opacity: l.fade ?? 1 };

  const legend = (panel) => el("p", { class: "legend" }, [...new Map(panel.lines.map((l) => [`${l.label} ${l.ink}`, l])).values()].slice(0, 9).map((l) => el("span", {},
    el("i", { class: "swatch", style: mark(l) }), l.label)));

  const make = (data, index) => {
    const first = data.panels[index];
    const body = el("div", {});
    const self = {
      box: el("figure", { class: "panel", "data-panel": `network-${first.name}` },
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

  ntp.views.network = {
    shape: (data) => data.panels.map((panel) => panel.name).join(),
    parts: (data) => data.panels.map((_, index) => make(data, index)),
  };
})();
