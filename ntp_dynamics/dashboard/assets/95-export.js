// The exported file: tables and jobs out of one JSON, no server behind.
"use strict";
(() => {
  if (!document.getElementById("data")) return;
  const { el, label, num, badge } = ntp;
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.getElementById("page");
  const crumbs = document.getElementById("crumbs");
  ntp.MARKS = JSON.parse(document.getElementById("shell").dataset.marks);
  document.getElementById("theme").addEventListener("click", ntp.theme.toggle);
  const only = Object.keys(data.views).length === 1 && !data.folders.length;

  const table = (told) => el("section", {},
    el("h2", {}, told.name === "." ? "jobs" : told.name),
    told.all > 1 ? ntp.progress(told) : "",
    el("div", { class: "scroll" }, el("table", { class: "jobs" },
      el("thead", {}, el("tr", {}, el("th", {}, "job"), el("th", {}, "state"), told.columns.map((c) => el("th", { class: c.kind }, c.kind === "claim" ? el("button", { class: "quiet", type: "button" }, c.key) : ntp.heading(told, c.key))))),
      el("tbody", {}, told.rows.map((row) => el("tr", {},
        el("td", {}, el("a", { href: `#${row.id}` }, label(row.name, 40))),
        el("td", {}, el("span", { class: `state ${row.state}` }, row.state)),
        row.cells.map((v, i) => (told.columns[i].kind === "claim" ? el("td", { class: "claim" }, v ? badge(ntp.MARKS, v) : "") : el("td", { class: typeof v === "number" ? "n" : "" }, ntp.cell(told, told.columns[i].key, v))))))))));

  const show = () => {
    const id = location.hash.slice(1) || (only ? Object.keys(data.views)[0] : "");
    const view = Object.hasOwn(data.views, id) ? data.views[id] : null;
    ntp.job.close();
    root.replaceChildren();
    crumbs.replaceChildren(only ? el("span", {}, data.title) : el("a", { href: "#" }, data.title), ...(view && !only ? [el("span", {}, label(view.name, 60))] : []));
    if (view) { ntp.job(root, view, { onRun: () => {}, fixedRun: true }); return; }
    root.append(el("h1", {}, data.title), ...data.folders.map((told) => el("div", { class: "folder" }, table(told), told.phase ? ntp.phase(told) : "")),
      data.left_out ? el("p", { class: "note" }, `${num(data.left_out)} more jobs are not in this file`) : "");
  };
  window.addEventListener("hashchange", show);
  show();
})();
