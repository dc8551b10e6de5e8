// Folders, and the page of a sweep: tally, phase diagram, table, parallel coordinates, groups.
"use strict";
(() => {
  const { el, svg, num, dec, colour, badge, savers, saveSvg, label, count } = ntp;
  const LN10 = Math.log(10);
  const order = () => Object.keys(ntp.MARKS);

  // Final observables by the names that the table gives them; logs as what they are logs of.
  const toldOf = (told, key) => (Object.hasOwn(told.headings, key) ? told.headings[key] : [key, false]);
  const value = (told, key, v) => {
    if (v === null || v === undefined) return "–";
    if (typeof v === "number") return toldOf(told, key)[1] ? dec(v / LN10) : num(v);
    return label(String(v), 40);
  };
  const heading = (told, key) => toldOf(told, key)[0];
  // A bar of labels: lengths say how many, letters which.
  const shares = (labels) => {
    const total = Object.values(labels).reduce((a, b) => a + b, 0);
    return el("span", { class: "shares", role: "img", "aria-label": order().filter((l) => labels[l]).map((l) => `${labels[l]} ${l}`).join(", ") },
      order().filter((l) => labels[l]).map((l) => {
        const part = badge(ntp.MARKS, l, labels[l] / total > 0.08 ? ntp.MARKS[l].letter : "");
        part.title = `${l}: ${num(labels[l])} of ${num(total)}`;
        part.style.flexGrow = labels[l];
        return part;
      }));
  };
  const key = (labels) => el("p", { class: "legend" }, order().filter((l) => labels.has(l)).map((l) => el("span", {}, badge(ntp.MARKS, l), ` ${l}`)));

  // How many jobs are in which state.
  const states = (told) => Object.entries(told).map(([state, n]) => el("span", { class: `state ${state}` }, `${num(n)} ${state}`));
  ntp.progress = (told) => {
    const done = told.states.done || 0;
    return el("p", { class: "progress" },
      el("progress", { max: told.all, value: done, "aria-label": "jobs done" }), ` ${num(done)} of ${count(told.all, "job")} done `,
      states(told.states).slice(done ? 1 : 0));
  };

  ntp.folders = (root, told) => {
    if (!told.folders.length) {
      root.replaceChildren(el("p", { class: "empty" }, "There is no record below this directory yet. Run ntp-train here; this page fills by itself."));
      return;
    }
    const labels = new Set(told.folders.flatMap((f) => Object.keys(f.labels)));
    root.replaceChildren(el("h1", {}, "Runs and sweeps"), key(labels), el("div", { class: "scroll" }, el("table", { class: "jobs folders" },
      el("thead", {}, el("tr", {}, ["folder", "jobs", "state", "swept", "verdicts"].map((h) => el("th", {}, h)))),
      el("tbody", {}, told.folders.map((f) => el("tr", {},
        el("td", {}, el("a", { class: "in", href: f.only ? `/job/${f.only}` : `/sweep/${f.key}` }, label(f.name === "." ? "in this directory" : f.name, 60)),
          f.swept.length && f.name !== "." ? "" : el("div", { class: "names" }, f.only ? "" : f.names.map(([id, name]) => el("a", { class: "in", href: `/job/${id}` }, label(name, 24))))),
        el("td", { class: "n" }, (f.states.done || 0) < f.jobs && f.jobs > 1 ? `${num(f.states.done || 0)} of ${num(f.jobs)}` : num(f.jobs)),
        el("td", {}, f.jobs > 1 ? states(f.states) : Object.keys(f.states).map((state) => el("span", { class: `state ${state}` }, state))),
        el("td", {}, f.name === "." ? "" : f.swept.map((k) => el("code", {}, label(k, 30)))),
        el("td", { class: "wide" }, Object.keys(f.labels).length ? shares(f.labels) : "–")))))));
  };

  const filterBox = (told) => {
    const input = el("input", { type: "search", id: "filter", placeholder: "filter: seed<2  some.key=value  some.claim=holds", "aria-label": "filter jobs", spellcheck: "false", autocomplete: "off" });
    input.addEventListener("input", () => ntp.ask({ filter: input.value.trim(), page: null }, 60));
    input.value = told.view.filter || "";
    return input;
  };
  const quoted = (v) => (/[\s"']/.test(v) ? `"${v.replaceAll('"', "")}"` : v);
  const terms = (text) => text.match(/(?:[^\s"]+|"[^"]*")+/g) || [];
  // Add a term to the filter, or take it out if it is there.
  const flip = (k, v) => {
    const input = document.getElementById("filter");
    const term = `${k}=${quoted(String(v))}`;
    const kept = terms(input.value);
    input.value = (kept.includes(term) ? kept.filter((t) => t !== term) : [...kept, term]).join(" ");
    ntp.ask({ filter: input.value, page: null });
  };

  const select = (name, options, chosen, onchange) => el("label", {}, `${name} `, (() => {
    const box = el("select", { "aria-label": name, onchange: () => onchange(box.value) }, options.map(([v, text]) => el("option", { value: v }, label(text, 44))));
    box.value = chosen;
    return box;
  })());

  const axisNames = (told) => told.swept.map((k) => [k, k]);
  const colours = (told) => [...told.claims.map((c) => [c, `verdict: ${c}`]), ...told.observables.map((o) => [o, `final: ${heading(told, o)}`])];

  // The phase diagram: a cell a pair of values, a square a job.
  const ramp = (share) => {
    const stops = [[253, 231, 37], [94, 201, 98], [33, 145, 140], [59, 82, 139], [68, 1, 84]];
    const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
    const i = Math.min(Math.floor(at), stops.length - 2);
    return [`rgb(${stops[i].map((a, c) => Math.round(a + (at - i) * (stops[i + 1][c] - a))).join(",")})`, share > 0.5 ? "#fff" : "#111"];
  };
  const phasePicture = (told) => {
    const p = told.phase;
    const room = Math.min(580, window.innerWidth - 110);
    const size = Math.max(44, Math.min(130, Math.floor(room / Math.max(p.xs.length, 1))));
    const tall = Math.max(40, Math.min(96, Math.floor(330 / Math.max(p.ys.length, 1))));
    const left = p.y ? Math.min(150, 34 + 7 * Math.max(...p.ys.map((v) => Math.min(v.length, 16)))) : 12;
    const width = left + p.xs.length * size + 10;
    const height = p.ys.length * tall + 46;
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", style: { maxWidth: `${width}px` }, class: "map phase", role: "group", "aria-label": `phase diagram of ${p.colour}`, "font-family": "system-ui, sans-serif" });
    const ink = colour("ink");
    const values = p.cells.flatMap((c) => (c.median === null ? [] : [c.median]));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const tint = (v) => ramp(high > low ? (v - low) / (high - low) : 0.2);
    for (const cell of p.cells) {
      const x = left + cell.x * size;
      const y = cell.y * tall;
      const where = `${p.x}=${p.xs[cell.x]}${p.y ? `, ${p.y}=${p.ys[cell.y]}` : ""}`;
      const squares = cell.jobs.length ? cell.jobs.map(([id, found, rest]) => [id, found, 1, rest]) : order().filter((l) => cell.labels[l]).map((l) => [null, l, cell.labels[l]]);
      if (!squares.length) squares.push([null, cell.median, cell.n]);
      const single = cell.jobs.length > 0;
      const columns = single ? Math.ceil(Math.sqrt(squares.length)) : 1;
      const rows = single ? Math.ceil(squares.length / columns) : 1;
      picture.append(svg("rect", { x: x + 1.5, y: y + 1.5, width: size - 3, height: tall - 3, rx: 5, fill: "none", stroke: colour("line") }));
      let offset = 0;
      squares.forEach(([id, found, n, rest], i) => {
        const w = single ? (size - 8) / Math.min(columns, squares.length) : ((size - 8) * n) / cell.n;
        const h = (tall - 8) / rows;
        const sx = x + 4 + (single ? (i % columns) * w : offset);
        const sy = y + 4 + (single ? Math.floor(i / columns) * h : 0);
        offset += w;
        const known = p.kind === "claim" && found in ntp.MARKS ? ntp.mark(ntp.MARKS, found) : null;
        const blank = !known && typeof found !== "number"; // of a job that was not judged, or has no such value
        const [fill, on, edge] = known ? [known[0], known[2], known[3]] : blank ? ["none", ink] : tint(found);
        const text = known ? known[1] : typeof found === "number" ? value(told, p.colour, found) : "";
        const said = `${where}${rest ? `, ${rest}` : ""}: ${known ? found : blank ? "not judged" : value(told, p.colour, found)}${single ? "" : ` (${num(n)} of ${num(cell.n)} jobs)`}`;
        const link = svg("a", {
          tabindex: 0, role: "link", "aria-label": said, "data-job": id, class: id ? "in cell" : "cell", "data-href": id ? `/job/${id}` : null,
          onclick: id ? null : () => { flip(p.x, p.xs[cell.x]); if (p.y) flip(p.y, p.ys[cell.y]); },
          onkeydown: (event) => { if (event.key === "Enter") event.currentTarget.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true })); },
        }, svg("title", {}, said), svg("rect", { x: sx + 0.5, y: sy + 0.5, width: Math.max(w - 1, 1), height: Math.max(h - 1, 1), rx: 2, fill, ...(blank || edge ? { stroke: edge || colour("soft"), "stroke-width": edge ? 2 : 1, "stroke-dasharray": edge ? "6 3" : "3 3", "pointer-events": "all" } : {}) }));
        if (w > 12 && h > 11) link.append(svg("text", { x: sx + w / 2, y: sy + h / 2 + 4, "text-anchor": "middle", "font-size": known ? Math.min(14, h - 2) : Math.min(11, w / 4.2), fill: on, "font-weight": 600 }, text));
        picture.append(link);
      });
    }
    p.xs.forEach((v, i) => picture.append(svg("text", { x: left + (i + 0.5) * size, y: p.ys.length * tall + 14, "text-anchor": "middle", "font-size": 11, fill: ink }, label(v, Math.floor(size / 6.5)))));
    if (p.y) p.ys.forEach((v, i) => picture.append(svg("text", { x: left - 6, y: (i + 0.5) * tall + 4, "text-anchor": "end", "font-size": 11, fill: ink }, label(v, 16))));
    picture.append(svg("text", { x: left + (p.xs.length * size) / 2, y: height - 8, "text-anchor": "middle", "font-size": 12, fill: colour("soft") }, p.x));
    if (p.y) picture.append(svg("text", { transform: `translate(12 ${(p.ys.length * tall) / 2}) rotate(-90)`, "text-anchor": "middle", "font-size": 12, fill: colour("soft") }, p.y));
    return picture;
  };
  // In the exported file the squares lead to jobs of the same file.
  ntp.phase = (told) => {
    const picture = phasePicture(told);
    for (const link of picture.querySelectorAll("a.cell")) {
      const clone = link.cloneNode(true);
      clone.classList.remove("in");
      if (link.dataset.job) clone.setAttribute("href", `#${link.dataset.job}`);
      link.replaceWith(clone);
    }
    return el("figure", { class: "panel" }, el("figcaption", {}, el("h3", {}, `phase diagram of ${told.phase.colour}`), savers("phase diagram", (f) => saveSvg(picture, "phase", f))), key(new Set(told.phase.cells.flatMap((c) => Object.keys(c.labels)))), picture);
  };
  ntp.cell = value;
  ntp.heading = heading;
  const phasePanel = (told) => {
    const p = told.phase;
    if (!p) return "";
    const picture = phasePicture(told);
    return el("figure", { class: "panel", "data-panel": "phase" },
      el("figcaption", {}, el("h3", {}, "phase diagram"), el("span", { class: "reading" }, "a square is a job: click to open it"), savers("phase diagram", (f) => saveSvg(picture, "phase", f))),
      el("div", { class: "controls" },
        select("across", axisNames(told), p.x, (v) => ntp.ask({ x: v })),
        select("down", [["", "nothing"], ...axisNames(told).filter(([k]) => k !== p.x)], p.y, (v) => ntp.ask({ y: v })),
        select("colour", colours(told), p.colour, (v) => ntp.ask({ colour: v }))),
      p.kind === "claim" ? key(new Set(p.cells.flatMap((c) => Object.keys(c.labels)))) : el("p", { class: "legend" }, "dark is large, yellow is small; the number is the value"),
      picture);
  };

  const tallyPanel = (told) => el("figure", { class: "panel", "data-panel": "tally" },
    el("figcaption", {}, el("h3", {}, "where the claims hold"), el("span", { class: "reading" }, count(told.matched, "job"))),
    el("div", { class: "tally" }, told.tally.flatMap(({ claim, labels }) => [
      el("button", { type: "button", class: "quiet name", title: "colour the phase diagram by this claim", "aria-pressed": claim === told.view.colour ? "true" : "false", onclick: () => ntp.ask({ colour: claim }) }, claim),
      Object.keys(labels).length ? shares(labels) : el("span", {}, "–")])),
    key(new Set(told.tally.flatMap(({ labels }) => Object.keys(labels)))));

  const table = (told) => {
    const sort = (k) => ntp.ask({ sort: k, down: told.view.sort === k && told.view.down !== "1" ? "1" : null, page: null });
    const mark = (k) => (told.view.sort === k ? (told.view.down === "1" ? " ▾" : " ▴") : "");
    const head = (k, text, kind) => el("th", { class: kind, scope: "col", "aria-sort": told.view.sort === k ? (told.view.down === "1" ? "descending" : "ascending") : "none" },
      el("button", { type: "button", class: "quiet", "data-sort": k, title: `sort by ${k}`, onclick: () => sort(k) }, el("span", {}, text + mark(k))));
    const picked = kept.picked;
    const compare = el("a", { class: "in button", href: "/compare" }, "");
    const update = () => {
      compare.textContent = picked.size ? `compare ${count(picked.size, "job")}` : "compare all shown";
      const ids = picked.size ? [...picked] : told.rows.map((r) => r.id);
      compare.href = `/compare?jobs=${ids.slice(0, 48).join(",")}`;
    };
    update();
    const cell = (column, v, observed) => {
      if (column.kind === "claim") {
        const shown = v ? badge(ntp.MARKS, v) : "";
        if (v && observed[column.key]) shown.title = `${v}; observed: ${observed[column.key]}`;
        return el("td", { class: "claim" }, shown);
      }
      return el("td", { class: typeof v === "number" ? "n" : "", title: v === null ? "" : String(v).slice(0, 200) }, value(told, column.key, v));
    };
    const rows = told.rows.map((row) => el("tr", {},
      el("td", { class: "pick" }, el("input", { type: "checkbox", "aria-label": `pick job ${row.name}`, checked: picked.has(row.id), onchange: (event) => { if (event.target.checked) picked.add(row.id); else picked.delete(row.id); update(); } })),
      el("td", {}, el("a", { class: "in", href: `/job/${row.id}` }, label(row.name, 40))),
      el("td", {}, el("span", { class: `state ${row.state}`, title: row.reason }, label(row.state, 14))),
      row.cells.map((v, i) => cell(told.columns[i], v, row.observed || {}))));
    const pages = Math.ceil(told.matched / told.per_page);
    const page = Math.floor(told.first / told.per_page);
    const csv = `/jobs/${told.key}.csv?filter=${encodeURIComponent(told.view.filter || "")}&sort=${encodeURIComponent(told.view.sort || "")}&down=${told.view.down || ""}`;
    return el("section", { class: "tablebox" },
      el("div", { class: "controls" }, el("b", { id: "matched" }, told.matched === told.all ? count(told.all, "job") : `${num(told.matched)} of ${count(told.all, "job")}`), compare,
        el("a", { class: "button", href: csv, download: "" }, "CSV"),
        pages > 1 ? el("span", { class: "pager" }, el("button", { type: "button", disabled: page === 0, onclick: () => ntp.ask({ page: page - 1 || null }) }, "‹"), ` ${page + 1} of ${num(pages)} `, el("button", { type: "button", disabled: page + 1 >= pages, onclick: () => ntp.ask({ page: page + 1 }) }, "›")) : ""),
      el("div", { class: "scroll" }, el("table", { class: "jobs" },
        el("thead", {}, el("tr", {}, el("th", { class: "pick" }), head("name", "job", ""), head("state", "state", ""), told.columns.map((c) => head(c.key, heading(told, c.key), c.kind)))),
        el("tbody", {}, rows))));
  };

  const columnPicker = (told) => {
    const chosen = new Set(told.columns.map((c) => c.key));
    const groups = [["override", "overrides"], ["final", "final observables"], ["claim", "claims"], ["beside", "beside verdicts"], ["seconds", "other"]];
    return groups.map(([kind, title]) => {
      const own = told.every.filter((c) => c.kind === kind);
      return own.length ? el("fieldset", {}, el("legend", {}, title), own.map((c) => el("label", {}, el("input", {
        type: "checkbox", checked: chosen.has(c.key),
        onchange: (event) => { if (event.target.checked) chosen.add(c.key); else chosen.delete(c.key); ntp.ask({ columns: [...chosen].join(",") }); },
      }), ` ${label(c.key, 44)}`))) : "";
    });
  };

  // Parallel coordinates: an axis a key, a line a job, coloured by its verdict.
  const parallelPicture = (told) => {
    const { axes, lines } = told.parallel;
    const width = Math.max(560, Math.min(1220, axes.length * 190));
    const height = 330;
    const top = 46;
    const bottom = 22;
    const x = (i) => 60 + (i * (width - 120)) / Math.max(axes.length - 1, 1);
    const y = (at) => height - bottom - at * (height - top - bottom);
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", style: { maxWidth: `${width}px` }, class: "map", role: "img", "aria-label": "parallel coordinates", "font-family": "system-ui, sans-serif" });
    const paths = {};
    for (const line of lines) {
      let pen = false;
      const text = line.at.map((at, i) => { if (at === null) { pen = false; return ""; } const s = `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(at).toFixed(1)}`; pen = true; return s; }).join("");
      (paths[line.label] = paths[line.label] || []).push(text);
    }
    const faint = Math.max(0.08, Math.min(0.85, 70 / lines.length));
    for (const name of Object.keys(paths).sort((a, b) => order().indexOf(a) - order().indexOf(b))) {
      picture.append(svg("path", { d: paths[name].join(""), fill: "none", stroke: !ntp.MARKS[name] || (ntp.quiet(ntp.MARKS, name) && !ntp.MARKS[name].outline) ? colour("soft") : ntp.MARKS[name].colour, ...(ntp.MARKS[name] && ntp.MARKS[name].outline ? { "stroke-dasharray": "6 3" } : {}), "stroke-width": 1.5, "stroke-opacity": faint }, svg("title", {}, name || "no verdict")));
    }
    axes.forEach((axis, i) => {
      picture.append(svg("line", { x1: x(i), x2: x(i), y1: y(0), y2: y(1), stroke: colour("ink"), "stroke-width": 1 }));
      const name = heading(told, axis.key);
      picture.append(svg("text", { x: x(i), y: 14 + 14 * (i % 2), "text-anchor": "middle", "font-size": 11, "font-weight": 600, fill: colour("ink") }, label(name, 26)));
      const note = (at, text) => picture.append(svg("text", { x: x(i) + 5, y: y(at) + 4, "font-size": 10, fill: colour("ink"), stroke: colour("panel"), "stroke-width": 3, "paint-order": "stroke" }, label(text, 16)));
      if (axis.words) axis.words.forEach((word, k) => { if (axis.words.length < 14) note((k + 0.5) / axis.words.length, word); });
      else { note(0, value(told, axis.key, axis.low)); note(1, value(told, axis.key, axis.high)); }
    });
    return picture;
  };

  // Curves of groups, one group a value of an override.
  const groupsBox = (told) => {
    const clock = told.view.clock in told.clocks ? told.view.clock : "own";
    const box = el("div", { class: "groups" }, el("div", { class: "controls" },
      select("a line for each", [["", "nothing"], ...axisNames(told)], told.view.by || "", (v) => ntp.ask({ by: v })),
      select("clock", Object.entries(told.clocks), clock, (v) => ntp.ask({ clock: v === "own" ? null : v }))));
    if (told.groups) box.append(ntp.comparison(told.groups));
    return box;
  };

  // What has the keyboard, so that it keeps it when the page is drawn anew.
  const focused = (body) => {
    const at = document.activeElement;
    if (!at || !body.contains(at)) return null;
    const name = ["data-job", "data-sort", "aria-label"].find((attribute) => at.hasAttribute(attribute));
    return name ? `${at.tagName.toLowerCase()}[${name}="${CSS.escape(at.getAttribute(name))}"]` : null;
  };

  let kept = null;
  ntp.sweep = (root, told) => {
    const same = kept && kept.key === told.key;
    const open = same ? kept.open : {};
    const focus = document.activeElement && document.activeElement.id === "filter" ? document.activeElement : null;
    const filter = focus || filterBox(told);
    kept = { key: told.key, open, picked: same ? kept.picked : new Set(), first: same ? kept.first : 0 };
    const fold = (name, title, wanted, content, onopen) => el("details", {
      class: "more", "data-fold": name, open: open[name] ?? wanted,
      ontoggle: (event) => { const was = open[name]; open[name] = event.target.open; if (onopen && event.target.open && !was) onopen(); },
    }, el("summary", {}, title), content);
    const draw = () => {
      const inner = [
        told.all > 1 ? ntp.progress(told) : "",
        el("div", { class: told.phase ? "grid sweepmaps" : "grid" }, tallyPanel(told), phasePanel(told)),
        el("div", { class: "facets" }, told.facets.map((facet) => el("span", { class: "facet" }, el("span", {}, label(facet.key, 34)), facet.values.map((v) => {
          const on = terms(ntp.asking().filter || "").includes(`${facet.key}=${quoted(v)}`);
          return el("button", { type: "button", class: "term", "aria-pressed": on ? "true" : "false", onclick: () => flip(facet.key, v) }, label(v, 20));
        })))),
        table(told),
        fold("columns", "columns", false, el("div", { class: "pickers" }, columnPicker(told))),
        told.swept.length ? fold("lines", "parallel coordinates", told.view.lines === "1", told.parallel ? (() => { const picture = parallelPicture(told); return el("figure", { class: "panel", "data-panel": "parallel" }, el("figcaption", {}, el("h3", {}, `coloured by ${told.view.colour}`), el("span", { class: "reading" }, told.parallel.drawn < told.parallel.all ? `${num(told.parallel.drawn)} of ${num(told.parallel.all)} jobs, evenly chosen` : ""), savers("parallel coordinates", (f) => saveSvg(picture, "parallel", f))), picture); })() : el("p", { class: "note" }, "…"), () => { if (!told.parallel) ntp.ask({ lines: 1 }); }) : "",
        told.swept.length ? fold("groups", "curves by group", Boolean(told.view.by), groupsBox(told)) : "",
      ];
      const old = body.querySelector(".scroll");
      const [left, top] = old ? [old.scrollLeft, old.scrollTop] : [0, 0];
      const place = focused(body);
      body.replaceChildren(...inner.filter(Boolean));
      if (place && body.querySelector(place)) body.querySelector(place).focus({ preventScroll: true });
      body.querySelector(".scroll").scrollTo(left, same && told.first === kept.first ? top : 0);
      kept.first = told.first;
    };
    let body = root.querySelector(".sweepbody");
    if (!body || root.dataset.sweep !== told.key) {
      root.dataset.sweep = told.key;
      body = el("div", { class: "sweepbody" });
      root.replaceChildren(el("div", { class: "sweephead" }, el("h1", {}, label(ntp.folder(told.name), 60)), filter), body);
    } else if (!focus) {
      root.querySelector("#filter").value = ntp.asking().filter || "";
    }
    draw();
    if (ntp.leave) ntp.leave();
    const unwatch = ntp.theme.watch(draw);
    ntp.leave = () => { unwatch(); };
  };
})();
