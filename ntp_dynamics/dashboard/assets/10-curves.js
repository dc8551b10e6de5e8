// Panels of curves: measured values, laws and bounds, on four scales, with a cursor at the step.
"use strict";
(() => {
  const { el, num, dec, colour, plain, plotly, savers, fileName } = ntp;
  const SCALES = {
    "log-log": [true, true], "semi-log": [false, true], linear: [false, false],
    "linear y": [true, false],
  };
  const KINDS = {
    proved: ["ink", "dot"], appendix: ["soft", "dashdot"], derived: ["red", "dash"],
  };

  // Ticks of an axis in decades: powers of ten, on a short axis 1, 2 and 5 times them.
  const ticks = (low, high) => {
    const span = high - low;
    const values = [];
    if (span > 2.2) {
      let step = 1;
      for (const s of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]) {
        step = s;
        if (span / s <= 6) break;
      }
      for (let v = step * Math.ceil(low / step); v <= high; v += step) values.push(v);
    } else {
      for (let k = Math.floor(low); k <= high; k += 1) {
        for (const m of span > 0.9 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]) {
          const v = k + Math.log10(m);
          if (v >= low && v <= high) values.push(v);
        }
      }
    }
    const text = values.map((v) => (v >= -3 && v <= 4 ? num(10 ** v)
      : Number.isInteger(v) ? `10<sup>${v < 0 ? "−" : ""}${Math.abs(v)}</sup>` : dec(v)));
    return { tickmode: "array", tickvals: values, ticktext: text };
  };

  // The same for an axis that plotly itself makes logarithmic; plain thousands on a linear one.
  const stepAxis = (log, from, to) => {
    if (!log) return { type: "linear", nticks: 6, tickformat: to < 1e5 ? "," : "~s" };
    const low = Math.log10(from);
    const high = Math.log10(Math.max(to, from * 1.01));
    const { tickvals, ticktext } = ticks(low - 1e-9, high + 1e-9);
    return { type: "log", range: [low, high + 0.01 * (high - low)], tickmode: "array", tickvals: tickvals.map((v) => 10 ** v), ticktext };
  };

  const scaleOf = (panel, wish) => {
    const [x, y] = SCALES[wish && wish !== "own" ? wish : panel.scale];
    return [x && panel.t.some((t) => t > 0) && !panel.t.some((t) => t < 0), y];
  };

  const axis = (extra) => ({
    gridcolor: colour("grid"), linecolor: colour("line"), tickcolor: colour("line"),
    zeroline: false, showline: true, ticks: "outside", ticklen: 3, fixedrange: false,
    automargin: true, ...extra,
  });
  const base = (extra) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true,
    font: { family: "system-ui, sans-serif", size: 11, color: colour("ink") },
    margin: { l: 50, r: 12, t: 8, b: 38 }, showlegend: false, hovermode: "closest",
    legend: { orientation: "h", x: 0, y: -0.2, yanchor: "top", font: { size: 11 } },
    hoverlabel: { font: { size: 11 } }, ...extra,
  });

  const figure = (panel, options) => {
    const [xLog, yLog] = scaleOf(panel, options.scale);
    const value = panel.decades
      ? (v) => (v === null ? null : yLog ? v : 10 ** v)
      : (v) => (v === null ? null : !yLog ? v : v > 0 ? Math.log10(v) : null);
    const first = xLog ? panel.t.findIndex((t) => t > 0) : 0;
    const from = first < 0 ? panel.t.length : first;
    const x = panel.t.slice(from);
    const y = (list) => list.slice(from).map(value);
    const said = (list) => y(list).map((v, i) => `${panel.clock} ${num(x[i])}: ${yLog ? dec(v) : num(v)}`);
    const line = (list, extra) => ({
      type: "scatter", mode: x.length < 4 || (panel.at !== null && x.length < 40) ? "lines+markers" : "lines", x, y: y(list),
      connectgaps: false, hoverinfo: "skip", showlegend: false, ...extra,
    });
    const blue = colour("blue");
    const data = [];
    if (panel.low.length) {
      data.push(line(panel.low, { line: { width: 0 } }));
      data.push(line(panel.high, {
        line: { width: 0 }, fill: "tonexty", fillcolor: colour("band"),
        name: panel.reach, showlegend: panel.runs.length === 0,
      }));
    }
    for (const run of panel.runs) data.push(line(run, { line: { width: 0.7, color: blue }, opacity: 0.4 }));
    if (panel.shadow) {
      data.push(line(panel.shadow, {
        line: { width: 1.5, color: colour("pink"), dash: "longdash" }, name: plain(ntp.label(panel.shadow_name, 40)),
        showlegend: true,
      }));
    }
    data.push(line(panel.median, {
      line: { width: 2.4, color: blue }, name: panel.said,
      showlegend: true, hoverinfo: "text", hovertext: said(panel.median),
    }));
    const kept = panel.curves.filter((c) => !options.claim || c.claim === options.claim);
    const named = new Set();
    for (const curve of kept) {
      const [ink, dash] = KINDS[curve.kind] || KINDS.derived;
      data.push(line(curve.y, {
        line: { width: 1.6, color: colour(ink), dash }, name: plain(ntp.label(curve.label, 46)),
        showlegend: !named.has(curve.label), hoverinfo: "text",
        hovertext: said(curve.y).map((s) => plain(`${curve.label}, ${s}`)),
      }));
      named.add(curve.label);
    }
    const [low, high] = extent(panel, kept, y, yLog);
    const layout = base({
      height: options.height || 230,
      xaxis: axis({ title: { text: plain(panel.along || panel.clock), standoff: 4 }, ...stepAxis(xLog, x[0] || (xLog ? 1 : 0), x[x.length - 1] || 10) }),
      yaxis: axis({
        title: { text: plain(panel.axis), standoff: 6 }, range: [low, high],
        ...(yLog ? ticks(low, high) : { exponentformat: "e", nticks: 6 }),
      }),
      shapes: zones(panel, options, low, high, yLog, xLog),
    });
    return { data, layout, yLog };
  };

  // The range of y: what was measured and, on a log scale, the laws beside it.
  const extent = (panel, curves, y, yLog) => {
    const lists = [panel.median, panel.low, panel.high, ...panel.runs];
    if (yLog) lists.push(...curves.map((c) => c.y));
    let low = Infinity;
    let high = -Infinity;
    for (const list of lists) {
      for (const v of y(list)) {
        if (v !== null && Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
      }
    }
    if (yLog && panel.floor !== null && high < panel.floor) return [Math.min(low, panel.floor - 3) - 0.5, panel.floor + 1.5];
    if (low > high) return yLog ? [-1, 1] : [0, 1];
    const pad = Math.max(0.05 * (high - low), yLog ? 0.06 : 1e-3 * Math.abs(high) || 1e-3);
    return [low - pad, high + pad];
  };

  const zones = (panel, options, low, high, yLog, xLog) => {
    const shapes = [];
    const block = (extra) => shapes.push({
      type: "rect", layer: "below", line: { width: 0 }, xref: "paper", yref: "paper",
      x0: 0, x1: 1, y0: 0, y1: 1, ...extra,
    });
    const note = (text) => ({ text, font: { size: 10, color: colour("soft") }, textposition: "bottom left" });
    if (yLog && panel.floor !== null && panel.floor > low) {
      block({ yref: "y", y0: low, y1: Math.min(panel.floor, high), fillcolor: colour("zone"), label: note("below rounding") });
    }
    if (yLog && panel.ceiling !== null && panel.ceiling < high) {
      block({
        yref: "y", y0: panel.ceiling, y1: high, fillcolor: colour("zone"),
        label: { ...note(`impossible: above ${dec(panel.ceiling)}`), textposition: "bottom left" },
      });
    }
    const start = panel.t.find((t) => t > 0) || 1;
    const at = (t) => (xLog ? Math.max(t, start) : t);
    if (options.window) {
      block({
        xref: "x", x0: at(options.window[0]), x1: at(options.window[1]), fillcolor: colour("window"),
      });
    }
    const last = panel.t[panel.t.length - 1];
    if (options.trusted && options.trusted < last) {
      block({ xref: "x", x0: at(options.trusted), x1: last, fillcolor: colour("zone"), label: note("not to be trusted") });
    }
    return shapes;
  };

  const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: "reset" };

  // What the lines are, in words below the plot: a swatch drawn as the line is.
  const keyOf = (data, options) => {
    const named = data.filter((trace) => trace.showlegend);
    const kinds = { dot: "dotted", dash: "dashed", dashdot: "dashed", longdash: "dashed" };
    const items = named.map((trace) => el("li", {}, el("i", {
      class: "swatch", style: {
        borderTopColor: trace.line.color || colour("blue"), borderTopStyle: kinds[trace.line.dash] || "solid",
        borderTopWidth: `${Math.max(1.5, trace.line.width || 6)}px`, opacity: trace.fill ? 0.3 : 1,
      },
    }), trace.name.replaceAll("&lt;", "<").replaceAll("&amp;", "&")));
    if (options.window) items.push(el("li", {}, el("i", { class: "swatch patch" }), `rate measured here, ${options.clock} ${num(options.window[0])} to ${num(options.window[1])}`));
    return items;
  };

  // A panel with its heading, reading and cursor.  `draw` again after any change.
  const make = (panel, options = {}) => {
    const reading = el("span", { class: "reading" });
    const heading = el("h3", {}, panel.title);
    const plot = el("div", { class: "plot" });
    const cursor = el("div", { class: "cursor" });
    const box = el("figure", { class: "panel", "data-panel": panel.key },
      el("figcaption", {}, heading, reading, savers(panel.title, (f) => save(f))),
      el("div", { class: "stagebox" }, plot, cursor), el("ul", { class: "key" }));
    const key = box.lastChild;
    const self = { box, panel, options, at: null };
    const save = async (format) => {
      const P = await plotly();
      const { data, layout } = figure(self.panel, self.options);
      const titled = {
        ...layout, title: { text: plain(self.panel.title), font: { size: 14 } },
        margin: { ...layout.margin, t: 40, b: 90 }, paper_bgcolor: colour("panel"), height: undefined,
        showlegend: true,
      };
      await P.downloadImage({ data, layout: titled }, {
        format, width: 720, height: 480, scale: format === "png" ? 3 : 1,
        filename: fileName(self.panel.key),
      });
    };
    self.draw = async (next = self.panel, changed = {}) => {
      self.panel = next;
      Object.assign(self.options, changed);
      if (next.median.every((v) => v === null)) {
        const zero = next.zeros && next.zeros.length;
        plot.className = "nothing";
        plot.textContent = zero ? `exactly 0 at every recorded ${next.clock}` : "no value was recorded";
        return;
      }
      const P = await plotly();
      const { data, layout, yLog } = figure(next, self.options);
      await P.react(plot, data, layout, CONFIG);
      key.replaceChildren(...keyOf(data, { ...self.options, clock: next.clock }));
      plot.removeAllListeners?.("plotly_relayout");
      plot.on("plotly_relayout", (event) => {
        const range = plot.layout.yaxis.range;
        if (yLog && "yaxis.range[0]" in event) P.relayout(plot, { yaxis: { ...plot.layout.yaxis, ...ticks(...range), range } });
        self.move(self.at);
      });
      self.move(self.at);
    };
    // Put the cursor at a place; null hides it (another phase is shown).  A panel over an axis of its
    // own stands at the last recorded place.
    self.move = (t, words = "") => {
      self.at = t;
      if (self.panel.at !== null) { cursor.style.display = "none"; reading.textContent = words || `at ${self.panel.when} ${num(self.panel.at)}`; return; }
      const x = plot._fullLayout && plot._fullLayout.xaxis;
      if (t !== null && plot.className === "nothing") { cursor.style.display = "none"; return; }
      if (t === null || !x) { cursor.style.display = "none"; reading.textContent = words; return; }
      let i = self.panel.t.findIndex((s) => s >= t);
      if (i < 0) i = self.panel.t.length - 1;
      const v = self.panel.median[i];
      const said = self.panel.decades ? dec(v) : num(v);
      const zero = self.panel.zeros && self.panel.zeros.includes(i);
      reading.textContent = zero ? "0, exactly" : v === null || v === undefined ? "no value" : `${said}${self.panel.unit ? " " + self.panel.unit : ""}`;
      const place = x.type === "log" ? (t > 0 ? Math.max(x._offset + x.l2p(Math.log10(t)), x._offset) : x._offset) : x._offset + x.l2p(t);
      const y = plot._fullLayout.yaxis;
      cursor.style.top = `${y._offset}px`;
      cursor.style.height = `${y._length}px`;
      const inside = place >= x._offset - 1 && place <= x._offset + x._length + 1;
      cursor.style.display = inside ? "block" : "none";
      cursor.style.transform = `translateX(${place}px)`;
    };
    return self;
  };

  Object.assign(ntp, { curves: { make, ticks, stepAxis, base, axis, CONFIG, SCALES: ["own", "log-log", "semi-log", "linear"] } });
})();
