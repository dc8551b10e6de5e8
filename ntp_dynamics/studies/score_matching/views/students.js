// Panels of the students: counts on a grid, curves and points, each axis plain or of powers of ten.
"use strict";
(() => {
  const { el, svg, num, colour, savers, saveSvg, fileName } = ntp;
  const BOX = { width: 420, height: 300, left: 54, right: 12, top: 10, bottom: 40 };
  const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  const INKS = { orange: "#e69f00", sky: "#56b4e9", green: "#009e73" };
  const ink = (name) => INKS[name] ?? colour(name);
  const wider = (edges, share) => edges[1] > edges[0]
    ? [edges[0] - share * (edges[1] - edges[0]), edges[1] + share * (edges[1] - edges[0])]
    : [edges[0] - 1, edges[1] + 1];
  const extent = (values) => {
    const known = values.filter((v) => v !== null);
    return known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
  };
  const steps = ([low, high], whole) => {
    const unit = 10 ** Math.floor(Math.log10((high - low) / 5));
    let size = [1, 2, 5, 10].map((m) => m * unit).find((step) => (high - low) / step <= 6);
    if (whole) size = Math.max(1, Math.round(size));
    const found = [];
    for (let v = Math.ceil(low / size) * size; v <= high + 1e-9; v += size) found.push(Number(v.toPrecision(12)));
    return found;
  };
  const power = (v) => `10${[...String(Math.round(v))].map((c) => RAISED[c]).join("")}`;
  const blend = (share) => {
    const [pale, dark] = [colour("panel"), colour("blue")].map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
    return `rgb(${pale.map((c, i) => Math.round(c + (0.08 + 0.7 * share) * (dark[i] - c))).join(",")})`;
  };

  const picture = (panel) => {
    const grid = panel.cells;
    const xs = grid ? grid.x : panel.lines.flatMap((line) => line.x);
    const ys = panel.lines.flatMap((line) => line.y);
    const wide = wider(extent(xs), grid ? 0.02 : 0.04);
    const tall = panel.y_range ?? wider(extent(ys), 0.05);
    const [right, floor] = [BOX.width - BOX.right, BOX.height - BOX.bottom];
    const x = (v) => BOX.left + ((v - wide[0]) / (wide[1] - wide[0])) * (right - BOX.left);
    const y = (v) => floor - ((v - tall[0]) / (tall[1] - tall[0])) * (floor - BOX.top);
    const drawn = svg("svg", {
      viewBox: `0 0 ${BOX.width} ${BOX.height}`, width: "100%", role: "img", class: "map",
      "aria-label": panel.title, "font-family": "system-ui, sans-serif",
    });
    const clip = `inside-${panel.name}`;
    const defs = svg("clipPath", { id: clip });
    defs.append(svg("rect", { x: BOX.left, y: BOX.top, width: right - BOX.left, height: floor - BOX.top }));
    const inside = svg("g", { "clip-path": `url(#${clip})` });
    const words = (at, up, anchor, text, more) => drawn.append(svg("text", {
      x: at, y: up, "text-anchor": anchor, "font-size": 10, fill: colour("soft"), ...more,
    }, text));
    const rule = (x1, x2, y1, y2, stroke, width) => svg("line", { x1, x2, y1, y2, stroke, "stroke-width": width });
    drawn.append(defs, inside);
    if (grid) {
      const [dx, dy] = [grid.x, grid.y].map((at) => (at.length > 1 ? Math.abs(at[1] - at[0]) : 1));
      const [w, h] = [Math.abs(x(dx) - x(0)) + 0.5, Math.abs(y(dy) - y(0)) + 0.5];
      grid.values.forEach((row, i) => row.forEach((count, k) => inside.append(svg("rect", {
        x: x(grid.x[i]) - w / 2, y: y(grid.y[k]) - h / 2, width: w, height: h, fill: blend(count / grid.most),
      }, svg("title", {}, `${panel.x} ${num(grid.x[i])}, ${panel.y} ${num(grid.y[k])}: ${num(count)}`)))));
    }
    for (const v of steps(wide, panel.log.includes("x"))) {
      drawn.append(rule(x(v), x(v), BOX.top, floor, colour("line"), 0.6));
      words(x(v), floor + 14, "middle", panel.log.includes("x") ? power(v) : num(v));
    }
    for (const v of steps(tall, panel.log.includes("y"))) {
      drawn.append(rule(BOX.left, right, y(v), y(v), colour("line"), 0.6));
      words(BOX.left - 5, y(v) + 3, "end", panel.log.includes("y") ? power(v) : num(v));
    }
    words((BOX.left + right) / 2, BOX.height - 6, "middle", panel.x, { "font-size": 11 });
    words(0, 0, "middle", panel.y, { "font-size": 11, transform: `translate(12 ${(BOX.top + floor) / 2}) rotate(-90)` });
    if (panel.level !== null) inside.append(rule(BOX.left, right, y(panel.level), y(panel.level), colour("soft"), 0.8));
    if (panel.mark !== null) inside.append(rule(x(panel.mark), x(panel.mark), BOX.top, floor, colour("soft"), 0.8));
    for (const line of [...panel.lines].sort((a, b) => a.fade - b.fade)) {
      const label = () => svg("title", {}, line.label);
      const known = line.x.map((v, i) => [v, line.y[i]]);
      if (line.points) {
        known.filter(([a, b]) => a !== null && b !== null).forEach(([a, b]) => inside.append(svg("circle", {
          cx: x(a), cy: y(b), r: 3.4, fill: ink(line.ink), "fill-opacity": line.fade, stroke: colour("panel"),
        }, label())));
        continue;
      }
      let pen = "M";
      const way = known.map(([a, b]) => {
        if (a === null || b === null) { pen = "M"; return ""; }
        const move = `${pen}${x(a).toFixed(1)} ${y(b).toFixed(1)}`;
        pen = "L";
        return move;
      }).join("");
      inside.append(svg("path", {
        d: way, fill: "none", stroke: ink(line.ink), "stroke-width": line.fade < 1 ? 0.9 : 1.7,
        "stroke-opacity": line.fade, "stroke-dasharray": line.dash || null,
      }, label()));
    }
    return drawn;
  };

  const swatch = (line) => el("i", {
    class: "swatch",
    style: line.points
      ? { width: "8px", height: "8px", border: "0", borderRadius: "4px", background: ink(line.ink) }
      : { borderTopColor: ink(line.ink), borderTopStyle: { "": "solid", "6 4": "dashed", "1 3": "dotted" }[line.dash] },
  });
  const legend = (panel) => {
    const named = new Map();
    for (const line of panel.lines) if (!named.has(line.label) || line.fade === 1) named.set(line.label, line);
    return el("p", { class: "legend" }, [...named.values()].slice(0, 9).map((line) => el("span", {}, swatch(line), line.label)));
  };

  const part = (data, index) => {
    const first = data.panels[index];
    const body = el("div", {});
    const self = {
      box: el("figure", { class: "panel", "data-panel": `students-${first.name}` },
        el("figcaption", {}, el("h3", {}, first.title), savers(first.title, (format) => saveSvg(self.picture, fileName(first.name), format))), body),
      data,
      draw: (next = self.data) => {
        self.data = next;
        self.picture = picture(next.panels[index]);
        body.replaceChildren(self.picture, legend(next.panels[index]));
      },
      move: () => {},
    };
    return self;
  };

  ntp.views.students = {
    shape: (data) => data.panels.map((panel) => panel.name).join(),
    parts: (data) => data.panels.map((_, index) => part(data, index)),
  };
})();
