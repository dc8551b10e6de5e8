// The attention of chosen sentences at a step: a row a sentence, a cell a token, roles by mark.
"use strict";
(() => {
  const { el, svg, num, colour, savers, saveSvg, ROLES, label } = ntp;
  const GAP = 5;
  const FEW = 8;
  // Sizes of a row: beside a caption where there is room, below it on a narrow screen.
  const sizes = (room, widest) => {
    const narrow = room < 560;
    const tail = narrow ? 48 : 70;
    const w = narrow ? Math.min(76, (room - tail) / widest - GAP) : 76;
    return { narrow, head: narrow ? 0 : 72, tail, w, h: 40, above: narrow ? 16 : 0 };
  };

  const mass = (v) => (v === null ? "" : v >= 0.9995 ? "1" : v < 0.0005 ? (v > 0 ? "<.001" : "0") : v.toFixed(3).replace(/^0/, ""));

  const legend = (present) => el("p", { class: "legend" },
    Object.entries(ROLES).filter(([role]) => present.has(role)).map(([role, { mark, colour: c }]) =>
      el("span", {}, el("b", { style: { color: c } }, mark || "▁"), ` ${role}`)),
    el("span", {}, el("b", {}, "▾"), " query"));

  const make = (data) => {
    const body = el("div", { class: "sentences" });
    const reading = el("span", { class: "reading" });
    const pick = el("select", { "aria-label": "query", onchange: () => { self.q = pick.value; ntp.address.set({ q: self.q }); self.draw(); } });
    const more = el("button", { type: "button", class: "quiet", onclick: () => { self.all = !self.all; self.draw(); } });
    const legendBox = el("div");
    const box = el("figure", { class: "panel", "data-panel": "attention-map" },
      el("figcaption", {}, el("h3", {}, "attention of the last token"), reading,
        savers("attention map", (format) => saveSvg(self.picture, "attention", format))),
      el("div", { class: "controls" }, el("label", {}, "query ", pick), more), legendBox, body);
    const self = { box, data, all: false, row: 0, cells: [], q: ntp.address.get("q") || "" };

    self.draw = (next = self.data) => {
      self.data = next;
      const queries = [...new Set(next.sentences.map((s) => s.query))];
      pick.replaceChildren(el("option", { value: "" }, "of each the longest"),
        ...queries.map((q) => el("option", { value: q }, label(q, 24))));
      pick.value = queries.includes(self.q) ? self.q : "";
      const matching = pick.value ? next.sentences.filter((s) => s.query === pick.value) : next.sentences;
      const few = Math.min(FEW, matching.length);
      const shown = self.all ? matching : matching.slice(0, few);
      more.textContent = self.all ? "fewer" : `all ${matching.length}`;
      more.hidden = matching.length <= few;
      legendBox.replaceChildren(legend(new Set(shown.flatMap((s) => s.tokens.map((t) => t.role)))));
      const room = Math.max(box.clientWidth - 26, 320);
      const widest = Math.max(1, ...shown.map((s) => s.tokens.length));
      const size = self.size = sizes(room, widest);
      const rowWidth = size.head + widest * (size.w + GAP) + size.tail;
      const columns = Math.max(1, Math.min(2, Math.floor(room / rowWidth)));
      const rows = Math.ceil(shown.length / columns);
      const width = columns * rowWidth;
      const tall = size.h + size.above + 12;
      const height = rows * tall + 4;
      self.cells = [];
      self.inks = [colour("ink"), colour("onblue")];
      self.picture = svg("svg", {
        viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", class: "map",
        "aria-label": "attention mass of each token of each sentence", style: { maxWidth: `${1.25 * width}px` },
        "font-family": "system-ui, sans-serif",
      });
      shown.forEach((sentence, i) => {
        const x = Math.floor(i / rows) * rowWidth;
        const y = (i % rows) * tall + 4;
        self.picture.append(row(self, sentence, x, y));
      });
      body.replaceChildren(self.picture);
      if (next.left_out) body.append(el("p", { class: "note" }, `${num(next.left_out)} more sentences are in the record, not on this page`));
      self.move(self.row);
    };
    self.move = (i) => {
      self.row = i;
      for (const cell of self.cells) {
        const v = cell.mass[i] ? cell.mass[i][cell.k] : null;
        cell.rect.setAttribute("fill-opacity", v === null ? 0 : (0.04 + 0.9 * v).toFixed(3));
        cell.bar.setAttribute("width", v === null ? 0 : (v * (self.size.w - 8)).toFixed(1));
        cell.number.textContent = mass(v);
        const dark = v > 0.62;
        const ink = dark ? self.inks[1] : self.inks[0];
        if (cell.ink !== ink) {
          cell.ink = ink;
          cell.name.setAttribute("fill", ink);
          cell.number.setAttribute("fill", ink);
          cell.mark.setAttribute("fill", dark ? ink : cell.colour);
        }
      }
      reading.textContent = `at checkpoint ${num(self.data.checkpoints[i])}`;
    };
    return self;
  };

  const row = (self, sentence, x, y) => {
    const ink = colour("ink");
    const soft = colour("soft");
    const group = svg("g", { transform: `translate(${x} ${y})` }, svg("title", {}, sentence.text));
    const { narrow, head: HEAD, w: W, h: H, above } = self.size;
    const said = [`sample ${sentence.sample}`, `share ${num(sentence.share, 2)}`];
    if (narrow) group.append(svg("text", { x: 0, y: 10, "font-size": 11, fill: soft }, said.join(", ")));
    else group.append(...said.map((line, i) => svg("text", { x: 0, y: 17 + 14 * i, "font-size": 11, fill: soft }, line)));
    const cells = svg("g", { transform: `translate(0 ${above})` });
    group.append(cells);
    sentence.tokens.forEach((token, k) => {
      const { mark, colour: c, dash } = ROLES[token.role];
      const left = HEAD + k * (W + GAP);
      const rect = svg("rect", { x: left, y: 0, width: W, height: H, rx: 4, fill: colour("blue"), "fill-opacity": 0 });
      const frame = svg("rect", {
        x: left + 0.75, y: 0.75, width: W - 1.5, height: H - 1.5, rx: 4, fill: "none", stroke: c,
        "stroke-width": token.role === "non-optimal" ? 0.8 : 1.8, "stroke-dasharray": dash,
      });
      const name = svg("text", { x: left + 6, y: 16, "font-size": 12, "font-weight": 600, fill: ink },
        label(token.name, Math.floor(W / 8.4)) + (token.copies > 1 ? ` ×${token.copies}` : ""));
      const number = svg("text", { x: left + 6, y: 31, "font-size": 11, fill: ink });
      const sign = svg("text", { x: left + W - 6, y: 16, "font-size": 12, "text-anchor": "end", fill: c }, mark);
      const bar = svg("rect", { x: left + 4, y: H - 5, width: 0, height: 2.5, fill: colour("onbar") });
      cells.append(rect, frame, bar, name, number, sign);
      if (token.query) cells.append(svg("path", { d: `M${left + W / 2 - 6} -4h12l-6 8z`, fill: ink }));
      self.cells.push({ rect, bar, number, name, mark: sign, colour: c, k, mass: sentence.mass, ink: null });
    });
    const end = HEAD + sentence.tokens.length * (W + GAP) + 4;
    const rest = sentence.left_out ? ` +${sentence.left_out}` : "";
    cells.append(svg("text", { x: end, y: 24, "font-size": 12, fill: ink }, `→ ${label(sentence.next, 9)}${rest}`));
    return group;
  };

  // Scores beside their target: S / ||S||, W* / ||W*||, and the difference.
  const matrices = (whole) => {
    const reading = el("span", { class: "reading" });
    const body = el("div", { class: "matrices" });
    const box = el("figure", { class: "panel", "data-panel": "scores" },
      el("figcaption", {}, el("h3", {}, "scores against the max-margin target"), reading,
        savers("score matrix", (format) => saveSvg(self.picture, "scores", format))), body);
    const self = { box, data: whole.scores, row: 0 };
    let ends = {};
    const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    const mixed = (v, top) => {
      if (v === null || v === undefined) return ends.none;
      const share = Math.min(1, Math.abs(v) / top);
      const full = v >= 0 ? ends.blue : ends.red;
      return `rgb(${ends.zero.map((a, i) => Math.round(a + share * (full[i] - a))).join(",")})`;
    };
    self.draw = (told) => {
      if (told) self.data = told.scores;
      const next = self.data;
      ends = { zero: rgb(colour("panel")), blue: rgb(colour("blue")), red: rgb(colour("red")), none: colour("zone") };
      const { keys, queries, target } = next;
      const size = Math.max(9, Math.min(30, Math.floor(290 / keys.length), Math.floor(180 / queries.length)));
      const left = 46;
      const top = 36;
      const across = queries.length * size;
      const font = Math.max(8, Math.min(11, size * 0.6));
      const titles = ["S / ‖S‖", ...(target ? ["W* / ‖W*‖", "difference"] : [])];
      const wide = Math.max(across, 84);
      const width = titles.length * (wide + left) + 6;
      const height = top + keys.length * size + 26;
      self.picture = svg("svg", {
        viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", class: "map",
        "aria-label": "score matrix and its target", style: { maxWidth: `${1.25 * width}px`, minWidth: `${Math.min(width, 500)}px` },
        "font-family": "system-ui, sans-serif",
      });
      self.top = Math.max(0.05, ...(target || next.values[next.values.length - 1] || [0]).map((v) => Math.abs(v || 0)));
      self.cells = titles.map((name, m) => {
        const x = m * (wide + left) + left;
        self.picture.append(svg("text", { x, y: 12, "font-size": 11, "font-weight": 600, fill: colour("ink") }, name));
        const every = size < 11 ? 2 : 1;
        keys.forEach((key, v) => {
          if (v % every === 0 && m === 0) self.picture.append(svg("text", { x: x - 4, y: top + (v + 0.5) * size + font / 3, "font-size": font, "text-anchor": "end", fill: colour("soft") }, label(key, 6)));
        });
        queries.forEach((query, q) => self.picture.append(svg("text", {
          transform: `translate(${x + (q + 0.8) * size} ${top - 3}) rotate(-60)`, "font-size": font, fill: colour("soft"),
        }, label(query, 5))));
        self.picture.append(svg("text", { x: x + across / 2, y: height - 10, "font-size": 10, "text-anchor": "middle", fill: colour("soft") }, "query"));
        self.picture.append(svg("rect", { x: x - 0.5, y: top - 0.5, width: across + 0.5, height: keys.length * size + 0.5, fill: "none", stroke: colour("line"), "stroke-width": 0.7 }));
        return keys.flatMap((_, v) => queries.map((__, q) => {
          const cell = svg("rect", { x: x + q * size, y: top + v * size, width: size - 0.5, height: size - 0.5 });
          self.picture.append(cell);
          return cell;
        }));
      });
      if (target) self.cells[1].forEach((cell, i) => cell.setAttribute("fill", mixed(target[i], self.top)));
      body.replaceChildren(self.picture, el("p", { class: "legend" }, el("span", {}, el("i", { class: "swatch block", style: { borderTopColor: "var(--blue)" } }), "positive"), el("span", {}, el("i", { class: "swatch block", style: { borderTopColor: "var(--red)" } }), "negative"), el("span", {}, "rows: the token looked at")));
      const [v, q] = next.left_out;
      if (v || q) body.append(el("p", { class: "note" }, `${ntp.count(v, "token")} and ${ntp.count(q, "query", "queries")} more are in the record, not on this page`));
      self.move(self.row);
    };
    self.move = (i) => {
      self.row = i;
      if (!self.cells) return;
      const now = self.data.values[i] || [];
      self.cells[0].forEach((cell, j) => cell.setAttribute("fill", mixed(now[j], self.top)));
      const target = self.data.target;
      if (!target) { reading.textContent = "no target: the corpus is not realizable"; return; }
      let dot = 0;
      self.cells[2].forEach((cell, j) => {
        const known = now[j] !== null && now[j] !== undefined;
        if (known) dot += now[j] * target[j];
        cell.setAttribute("fill", mixed(known ? now[j] - target[j] : null, self.top));
      });
      reading.textContent = now.length && now[0] !== null ? `cos ${num(Math.min(dot, 1), 4)}, this run` : "zero";
    };
    return self;
  };

  // Where the attention goes: mass by role, stacked, over the checkpoints.
  const flow = (data) => {
    const plot = el("div", { class: "plot" });
    const cursor = el("div", { class: "cursor" });
    const title = "where the attention goes";
    const box = el("figure", { class: "panel", "data-panel": "flow" },
      el("figcaption", {}, el("h3", {}, title), savers(title, async (format) => {
        const P = await ntp.plotly();
        P.downloadImage({ data: plot.data, layout: { ...plot.layout, showlegend: true, height: undefined, paper_bgcolor: colour("panel") } }, { format, width: 720, height: 420, filename: "attention-flow" });
      })), el("div", { class: "stagebox" }, plot, cursor), el("p", { class: "legend" }));
    const self = { box, data, at: null };
    self.draw = async (next = self.data) => {
      self.data = next;
      const P = await ntp.plotly();
      const x = next.checkpoints.map((t) => Math.max(t, 0.5));
      const traces = Object.entries(next.flow).map(([role, y]) => ({
        type: "scatter", mode: "lines", stackgroup: "mass", x, y, name: role,
        line: { width: 1, color: ROLES[role].colour }, fillcolor: ROLES[role].colour,
        fillpattern: { shape: ROLES[role].pattern, fgcolor: colour("panel"), fgopacity: 0.7, size: 7, solidity: 0.3, fillmode: "overlay" },
        hovertemplate: `${role}: %{y:.3f}<extra></extra>`,
      }));
      const end = Math.max(x[x.length - 1], 2);
      const log = ntp.curves.stepAxis(true, 1, end);
      const zero = next.checkpoints[0] === 0;
      await P.react(plot, traces, ntp.curves.base({
        height: 270,
        xaxis: ntp.curves.axis({
          title: { text: "step t", standoff: 4 }, ...log, range: [zero ? Math.log10(0.5) : 0, Math.log10(end)],
          tickvals: [...(zero ? [0.5] : []), ...log.tickvals], ticktext: [...(zero ? ["0"] : []), ...log.ticktext],
        }),
        yaxis: ntp.curves.axis({ title: { text: "attention mass", standoff: 2 }, range: [0, 1] }),
      }), ntp.curves.CONFIG);
      box.lastChild.replaceChildren(...Object.keys(next.flow).map((role) => el("span", {}, el("i", { class: "swatch block", style: { borderTopColor: ROLES[role].colour } }), `${ROLES[role].mark} ${role}`)), el("span", {}, "mean over sentences, weighted by their share"));
      self.move(0, self.at);
    };
    self.move = (_, t) => {
      self.at = t;
      const axis = plot._fullLayout && plot._fullLayout.xaxis;
      if (t === null || !axis) { cursor.style.display = "none"; return; }
      cursor.style.display = "block";
      cursor.style.top = `${plot._fullLayout.yaxis._offset}px`;
      cursor.style.height = `${plot._fullLayout.yaxis._length}px`;
      cursor.style.transform = `translateX(${axis._offset + axis.l2p(Math.log10(Math.max(t, 0.5)))}px)`;
    };
    return self;
  };

  ntp.views.attention = {
    parts: (data) => {
      const map = make(data);
      map.box.classList.add("wide");
      return [map, flow(data), ...(data.scores ? [matrices(data)] : [])];
    },
  };
})();
