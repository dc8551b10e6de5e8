// Arrays that no view of the study draws: a map at the place of the slider for two axes of their own,
// the axis against its clock for one.
"use strict";
(() => {
  const { el, svg, num, dec, colour, savers, saveSvg, fileName, label } = ntp;
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const mix = (from, to, share) => `rgb(${from.map((a, i) => Math.round(a + share * (to[i] - a))).join(",")})`;

  // Values to colours: from pale to dark, or from red over nothing to blue where there are signs.
  const inks = (array) => {
    const [zero, blue, red] = ["panel", "blue", "red"].map((name) => rgb(colour(name)));
    const { low, high, decades } = array;
    const signs = !decades && low < 0;
    const top = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return (v) => {
      if (v === null || v === undefined) return colour("zone");
      if (signs) return mix(zero, v < 0 ? red : blue, Math.abs(v) / top);
      return mix(zero, blue, high > low ? 0.06 + (0.94 * (v - low)) / (high - low) : 0.5);
    };
  };

  // An entry of an axis: a number, or a name by its end, where names of parts differ.
  const ends = (words, most) => (words.length > most ? `…${words.slice(1 - most)}` : words);
  const entry = (v, digits) => (typeof v === "string" ? ends(v, 16) : num(v, digits));

  const said = (array, v) => (array.decades ? dec(v) : num(v)) + (array.unit ? ` ${array.unit}` : "");
  const legend = (array) => {
    if (array.low === null) return el("p", { class: "legend" }, "no value was recorded");
    const swatch = (name) => el("i", { class: "swatch block", style: { borderTopColor: `var(--${name})` } });
    const signs = !array.decades && array.low < 0;
    return el("p", { class: "legend" }, signs
      ? [el("span", {}, swatch("blue"), `positive, up to ${said(array, array.high)}`), el("span", {}, swatch("red"), `negative, down to ${said(array, array.low)}`)]
      : [el("span", {}, `pale is ${said(array, array.low)}`), el("span", {}, swatch("blue"), `dark is ${said(array, array.high)}`)]);
  };

  const make = (data, index) => {
    const reading = el("span", { class: "reading" });
    const body = el("div", { class: "matrices" });
    const first = data.arrays[index];
    const box = el("figure", { class: "panel", "data-panel": `array-${first.name}` },
      el("figcaption", {}, el("h3", {}, label(first.title, 60)), reading, savers(first.title, (format) => saveSvg(self.picture, fileName(first.name), format))), body);
    const self = { box, data, row: 0, cells: null };
    self.draw = (next = self.data) => {
      self.data = next;
      const array = next.arrays[index];
      const alone = array.columns === null;
      const columns = alone ? next.checkpoints : array.columns;
      const rows = array.rows;
      const tint = self.tint = inks(array);
      const wide = Math.max(5, Math.min(48, Math.floor(400 / columns.length)));
      const tall = Math.max(6, Math.min(26, Math.floor(260 / rows.length)));
      const longest = Math.max(0, ...rows.map((v) => (typeof v === "string" ? entry(v).length : 0)));
      const [left, top] = [Math.max(46, 22 + 5.2 * longest), 6];
      const [across, down] = [wide * columns.length, tall * rows.length];
      const [width, height] = [left + across + 12, top + down + 34];
      self.picture = svg("svg", {
        viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", class: "map", "aria-label": first.title,
        style: { maxWidth: `${1.25 * width}px` }, "font-family": "system-ui, sans-serif",
      });
      const text = (x, y, anchor, words, more) => self.picture.append(svg("text", { x, y, "text-anchor": anchor, "font-size": 9.5, fill: colour("soft"), ...more }, words));
      const every = (size, room) => Math.ceil(room / size);
      rows.forEach((v, r) => { if (r % every(tall, 11) === 0) text(left - 4, top + (r + 0.5) * tall + 3, "end", entry(v)); });
      columns.forEach((v, c) => { if (c % every(wide, 34) === 0) text(left + (c + 0.5) * wide, top + down + 12, "middle", entry(v, 2)); });
      text(left + across / 2, height - 6, "middle", alone ? next.clock : array.axes[1], { "font-size": 10.5 });
      text(0, 0, "middle", array.axes[0], { "font-size": 10.5, transform: `translate(9 ${top + down / 2}) rotate(-90)` });
      const cell = (c, r, v) => {
        const made = svg("rect", { x: left + c * wide, y: top + r * tall, width: wide - 0.4, height: tall - 0.4, fill: tint(v) });
        self.picture.append(made);
        return made;
      };
      const frame = () => self.picture.append(svg("rect", { x: left - 0.5, y: top - 0.5, width: across + 0.6, height: down + 0.6, fill: "none", stroke: colour("line"), "stroke-width": 0.8 }));
      if (alone) {
        self.cells = null;
        next.checkpoints.forEach((_, c) => rows.forEach((__, r) => cell(c, r, next.arrays[index].values[c][r])));
        frame();
        self.cursor = svg("rect", { y: top - 2, width: wide, height: down + 4, fill: "none", stroke: colour("red"), "stroke-width": 1.5 });
        self.picture.append(self.cursor);
        self.left = left;
        self.wide = wide;
      } else {
        self.cells = rows.flatMap((_, r) => columns.map((__, c) => cell(c, r, null)));
        frame();
      }
      body.replaceChildren(self.picture, legend(array));
      const rest = array.left_out.flatMap((n, k) => (n ? [`${num(n)} more along ${array.axes[k]}`] : []));
      if (rest.length) body.append(el("p", { class: "note" }, `${rest.join(" and ")} are in the record, not on this page`));
      self.move(self.row);
    };
    self.move = (i) => {
      self.row = i;
      if (!self.picture) return;
      const array = self.data.arrays[index];
      if (self.cells) self.cells.forEach((cell, k) => cell.setAttribute("fill", self.tint((array.values[i] || [])[k])));
      else self.cursor.setAttribute("x", self.left + i * self.wide);
      reading.textContent = `at ${self.data.clock} ${num(self.data.checkpoints[i])}`;
    };
    return self;
  };

  ntp.views.arrays = {
    shape: (data) => data.arrays.map((array) => array.name).join(),
    parts: (data) => data.arrays.map((_, index) => make(data, index)),
  };
})();
