// Shared by every page and by the exported file: elements, numbers, theme, address, downloads.
// Text from records only ever enters the page as textContent or an attribute, never as markup.
"use strict";
window.ntp = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const fill = (node, attrs, kids) => {
    for (const [key, value] of Object.entries(attrs || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (key === "style") Object.assign(node.style, value);
      else if (key === "value") node.value = value;
      else node.setAttribute(key, value === true ? "" : value);
    }
    for (const kid of kids.flat()) if (kid !== null && kid !== undefined) node.append(kid);
    return node;
  };
  const el = (tag, attrs, ...kids) => fill(document.createElement(tag), attrs, kids);
  const svg = (tag, attrs, ...kids) => fill(document.createElementNS(SVG, tag), attrs, kids);

  // Numbers as people read them: 1.3e-5, 0.137, 12,400.
  const num = (v, digits = 3) => {
    if (v === null || v === undefined || Number.isNaN(v)) return "–";
    if (v === 0) return "0";
    const size = Math.abs(v);
    if (Number.isInteger(v) && size < 1e7) return v.toLocaleString("en-US");
    if (size >= 1e7 || size < 1e-3) return v.toExponential(digits - 2).replace("e+", "e");
    if (size >= 1000) return Math.round(v).toLocaleString("en-US");
    return String(Number(v.toPrecision(digits)));
  };
  // The same from a log10, also where the value is no float.
  const dec = (d) => {
    if (d === null || d === undefined || Number.isNaN(d)) return "–";
    if (d > -300 && d < 300) return num(10 ** d);
    const whole = Math.floor(d);
    return `${(10 ** (d - whole)).toFixed(1)}e${whole}`;
  };
  const count = (n, word, plural) => `${num(n)} ${n === 1 ? word : plural || word + "s"}`;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (role) => css(`--${role}`) || "#888";
  // Plotly reads a little markup in its texts; ours have none.
  const plain = (s) => String(s).replaceAll("&", "&amp;").replaceAll("<", "&lt;");

  const watchers = new Set();
  const theme = {
    get: () => document.documentElement.dataset.theme,
    set(name) {
      document.documentElement.dataset.theme = name;
      try { localStorage.setItem("ntp-theme", name); } catch { /* private window */ }
      watchers.forEach((redraw) => redraw());
    },
    toggle: () => theme.set(theme.get() === "dark" ? "light" : "dark"),
    start() {
      let kept = null;
      try { kept = localStorage.getItem("ntp-theme"); } catch { /* private window */ }
      const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
      document.documentElement.dataset.theme = kept || (dark ? "dark" : "light");
    },
    watch(redraw) { watchers.add(redraw); return () => watchers.delete(redraw); },
  };
  theme.start();

  // The address holds the view: replaced in place, so that Back leaves the page and Share keeps it.
  const address = {
    get: (key) => new URLSearchParams(location.search).get(key),
    set(values) {
      const query = new URLSearchParams(location.search);
      for (const [key, value] of Object.entries(values)) {
        if (value === null || value === undefined || value === "") query.delete(key);
        else query.set(key, value);
      }
      const text = query.toString();
      if (location.protocol !== "file:") {
        history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
      }
    },
  };

  let loading = null;
  const plotly = () => {
    if (window.Plotly) return Promise.resolve(window.Plotly);
    loading = loading || new Promise((done, fail) => {
      const script = el("script", { src: "/plotly.min.js", onerror: fail });
      script.addEventListener("load", () => done(window.Plotly));
      document.head.append(script);
    });
    return loading;
  };

  // The files of a view, one after the other, each once.
  const loads = {};
  const load = (href) => new Promise((done, fail) => {
    const file = href.endsWith(".css") ? el("link", { rel: "stylesheet", href }) : el("script", { src: href });
    file.addEventListener("load", done);
    file.addEventListener("error", () => fail(new Error(`${href} cannot be loaded`)));
    document.head.append(file);
  });
  const need = (files) => files.reduce((before, href) => before.then(() => (loads[href] = loads[href] || load(href))), Promise.resolve());

  const download = (name, href) => {
    const link = el("a", { href, download: name });
    document.body.append(link);
    link.click();
    link.remove();
  };
  const saveSvg = (node, name, format) => {
    const copy = node.cloneNode(true);
    const { width, height } = node.getBoundingClientRect();
    copy.setAttribute("xmlns", SVG);
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    copy.prepend(svg("rect", { width: "100%", height: "100%", fill: colour("panel") }));
    const source = new XMLSerializer().serializeToString(copy);
    const href = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
    if (format === "svg") return download(`${name}.svg`, href);
    const image = new Image();
    image.onload = () => {
      const canvas = el("canvas", { width: 3 * width, height: 3 * height });
      canvas.getContext("2d").drawImage(image, 0, 0, 3 * width, 3 * height);
      download(`${name}.png`, canvas.toDataURL("image/png"));
    };
    image.src = href;
    return image;
  };
  // Buttons that save a figure; `save` takes the format.
  const savers = (title, save) => el("span", { class: "savers" },
    ["svg", "png"].map((format) => el("button", {
      type: "button", class: "quiet", title: `save as ${format.toUpperCase()}`,
      "aria-label": `save ${title} as ${format.toUpperCase()}`, onclick: () => save(format),
    }, format.toUpperCase())));
  const fileName = (text) => text.normalize("NFKD").replace(/[^\w.-]+/g, "_").slice(0, 60);

  // Colour, letter, ink and outline of a label; the one that says nothing recedes into the page, and what
  // is no verdict has an outline only.
  const UNKNOWN = { colour: "#cccccc", ink: "#111", letter: "?", quiet: false };
  const known = (marks, label) => marks[label] || UNKNOWN;
  const mark = (marks, label) => {
    const told = known(marks, label);
    if (told.outline) return ["none", told.letter, colour("ink"), told.colour];
    return told.quiet ? [colour("away"), told.letter, colour("soft")] : [told.colour, told.letter, told.ink];
  };
  const badge = (marks, label, text) => {
    const told = known(marks, label);
    const [background, color] = told.quiet ? ["var(--away)", "var(--soft)"] : [told.colour, told.ink];
    const style = told.outline ? { background: "none", color: "var(--ink)", outline: `1.5px dashed ${told.colour}`, outlineOffset: "-1.5px" } : { background, color };
    return el("span", { class: "badge", title: label, style }, text === undefined ? told.letter : text);
  };
  const quiet = (marks, label) => known(marks, label).quiet;
  const label = (text, limit) => (text.length > limit ? `${text.slice(0, limit - 1)}…` : text);

  // The directory that is shown has no name below itself.
  const folder = (name) => {
    const root = document.querySelector(".root");
    return name === "." ? (root && root.textContent) || "jobs" : name;
  };

  return {
    folder, el, svg, num, dec, count, colour, plain, theme, address, plotly, saveSvg, savers, fileName,
    badge, mark, quiet, label, need, views: {},
  };
})();
