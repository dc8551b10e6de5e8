// The page of a corpus: assumptions, sentences, collocation, the order of each query as a graph.
"use strict";
(() => {
  const { el, svg, num, colour, label, savers, saveSvg, ROLES, count } = ntp;

  const fact = (name, holds, words) => el("li", { class: holds === null ? "unknown" : holds ? "yes" : "no" }, el("b", {}, holds === null ? "–" : holds ? "✓" : "✗"), ` ${name}`, el("small", {}, ` ${words}`));

  const graph = (order) => {
    const layers = [];
    order.tokens.forEach((t, i) => { (layers[t.layer] = layers[t.layer] || []).push(i); });
    const wide = Math.max(...layers.map((l) => (l ? l.length : 0)), 1);
    const half = Math.max(15, 8 + 3.4 * Math.max(...order.tokens.map((t) => Math.min(t.name.length, 9))));
    const W = Math.max(wide * (2 * half + 24), 130);
    const tall = Math.max(62 * layers.length - 6, 62) + (order.ring >= 0 ? 84 : 0);
    const place = {};
    layers.forEach((layer, d) => layer.forEach((i, k) => {
      const ring = d === order.ring && layer.length > 2;
      place[i] = ring
        ? [W / 2 + Math.min(W / 2 - half - 4, 60 + half) * Math.sin((2 * Math.PI * k) / layer.length), 26 + d * 62 + 50 - 50 * Math.cos((2 * Math.PI * k) / layer.length)]
        : [(W * (k + 0.5)) / layer.length, 26 + d * 62 + (order.ring >= 0 && d > order.ring ? 84 : 0)];
    }));
    const picture = svg("svg", { viewBox: `0 0 ${W} ${tall}`, style: { width: `${W}px`, maxWidth: "100%" }, role: "img", "aria-label": `order of query ${order.query}`, class: "map", "font-family": "system-ui, sans-serif" });
    const id = `tip${Math.random().toString(36).slice(2)}`;
    picture.append(svg("defs", {}, svg("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0L8 4L0 8z", fill: colour("soft") }))));
    for (const [a, b, because] of order.edges) {
      const [ax, ay] = place[a];
      const [bx, by] = place[b];
      const far = Math.hypot(bx - ax, by - ay) || 1;
      const cut = 17 / far;
      picture.append(svg("line", { x1: ax + (bx - ax) * cut, y1: ay + (by - ay) * cut, x2: bx - (bx - ax) * cut, y2: by - (by - ay) * cut, stroke: colour("soft"), "stroke-width": 1.3, "marker-end": `url(#${id})` }, svg("title", {}, `because ${because}`)));
    }
    order.tokens.forEach((token, i) => {
      const [x, y] = place[i];
      const { colour: c, dash, mark } = ROLES[token.role];
      picture.append(svg("g", {}, svg("title", {}, `${token.name}: ${token.role}`),
        svg("rect", { x: x - half, y: y - 14, width: 2 * half, height: 28, rx: 14, fill: colour("panel"), stroke: c, "stroke-width": 2, "stroke-dasharray": dash }),
        svg("text", { x, y: y + 4, "text-anchor": "middle", "font-size": 12, fill: colour("ink") }, label(token.name, 9)),
        svg("text", { x: x + half - 3, y: y - 10, "font-size": 10, fill: c }, mark)));
    });
    return picture;
  };

  const orderBox = (order) => {
    const picture = graph(order);
    return el("figure", { class: `panel order${order.cyclic ? " broken" : ""}` }, el("figcaption", {}, el("h3", {}, `query ${label(order.query, 20)}`), el("span", { class: "reading" }, order.cyclic ? "a cycle" : ""), savers(`order of ${order.query}`, (f) => saveSvg(picture, `order-${ntp.fileName(order.query)}`, f))), picture,
      el("p", { class: "note" }, `${count(order.alone, "token")} non-comparable${order.left_out ? `; ${num(order.left_out)} relations not drawn` : ""}`));
  };

  const page = (root, corpus) => {
    const draw = () => {
      const assumptions = el("ul", { class: "assumptions" },
        fact("realizable", corpus.realizable, "complete single-valued collocation, reachable labels, acyclic orders"),
        fact("assumption 1", corpus.assumption1, "realizable, injective, no confused token"),
        fact("assumption 3", corpus.assumption3, "no wrong token outnumbers the optimal one"),
        fact("injective collocation", corpus.injective, "no two tokens share a continuation"),
        fact("no confused token", corpus.realizable ? corpus.confused === 0 : null, corpus.realizable ? count(corpus.confused, "confused (query, token) pair") : "asked of realizable corpora only"));
      const token = (t) => el("span", { class: `token ${t.role}${t.query ? " query" : ""}`, title: t.query ? `${t.role}, the query` : t.role }, ROLES[t.role].mark ? el("i", {}, ROLES[t.role].mark) : "", label(t.name, 18));
      const present = new Set(corpus.sentences.flatMap((s) => s.tokens.map((t) => t.role)));
      root.replaceChildren(
        el("p", { class: "facts" }, `${count(corpus.size, "sentence")} · |V| = ${num(corpus.vocab)}`),
        el("div", { class: "grid two" },
          el("section", { class: "panel" }, el("h2", {}, "assumptions"), assumptions, el("details", { open: !corpus.assumption1 }, el("summary", {}, corpus.realizable ? "the report" : "the report, with the certificate"), el("pre", { class: "report" }, corpus.report))),
          el("section", { class: "panel" }, el("h2", {}, "collocation n: what each token alone is continued by"), el("div", { class: "collocation" }, corpus.collocation.map(([a, b]) => el("span", {}, `${label(a, 14)} → ${label(b, 14)}`))))),
        el("h2", {}, "orders: under each query, who must score above whom"),
        el("p", { class: "legend" }, Object.entries(ROLES).filter(([r]) => r !== "non-comparable").map(([role, { mark, colour: c }]) => el("span", {}, el("b", { style: { color: c } }, mark || "○"), ` ${role}`))),
        el("div", { class: "orders" }, corpus.orders.map(orderBox)),
        corpus.orders_left_out ? el("p", { class: "note" }, `${num(corpus.orders_left_out)} more queries are in the record, not on this page`) : "",
        el("h2", {}, "sentences"),
        el("p", { class: "legend" }, Object.entries(ROLES).filter(([r]) => present.has(r)).map(([role, { mark, colour: c }]) => el("span", {}, el("b", { style: { color: c } }, mark || "▁"), ` ${role}`)), el("span", {}, el("b", {}, "_"), " query (underlined)")),
        el("div", { class: "scroll fit" }, el("table", { class: "jobs" }, el("thead", {}, el("tr", {}, ["sample", "sentence", "next", "share", ""].map((h) => el("th", { class: h === "sample" || h === "share" ? "n" : "" }, h)))),
          el("tbody", {}, corpus.sentences.map((s) => el("tr", { class: s.witness ? "witness" : "" }, el("td", { class: "n" }, num(s.sample)), el("td", {}, s.tokens.map(token)), el("td", {}, `→ ${label(s.next, 18)}`), el("td", { class: "n" }, num(s.share, 2)), el("td", {}, [s.witness ? "in the certificate" : "", s.against3 ? "against assumption 3" : ""].filter(Boolean).join(", "))))))),
        corpus.left_out ? el("p", { class: "note" }, `${num(corpus.left_out)} more sentences are in the record, not on this page`) : "");
    };
    draw();
    return draw;
  };
  ntp.views.corpus = { page };
})();
