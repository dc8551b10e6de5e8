// Routing in the browser: what the server answered goes to the page that draws it.
"use strict";
(() => {
  const { el, theme, address, label } = ntp;
  const set = (id, data) => window.dash_clientside.set_props(id, { data });
  let asked = null;

  // Change what is asked for without leaving the page; the address follows at once, the question
  // after `wait` milliseconds, so that typing asks once.
  let later = null;
  ntp.ask = (changes, wait = 0) => {
    const view = { ...(asked || {}).view };
    for (const [key, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === "") delete view[key];
      else view[key] = String(value);
    }
    asked = { ...asked, view };
    address.set(changes);
    clearTimeout(later);
    if (wait) later = setTimeout(() => set("ask", asked), wait);
    else set("ask", asked);
  };
  ntp.asking = () => (asked || {}).view || {};

  // Links inside the dashboard change the address without loading the page anew.
  ntp.visit = (href) => {
    history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.in");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    ntp.visit(link.getAttribute("href") || link.getAttribute("data-href"));
  });

  const crumbs = (items) => {
    const nav = document.getElementById("crumbs");
    if (nav) nav.replaceChildren(...items.map(([text, href]) => (href ? el("a", { href, class: "in" }, label(text, 40)) : el("span", {}, label(text, 48)))));
  };

  const pages = {
    nothing: (root, told) => { crumbs([]); root.replaceChildren(el("p", { class: "empty" }, `Nothing to show: ${told.why}.`), el("p", {}, el("a", { href: "/", class: "in" }, "all folders"))); },
    job: (root, told) => {
      const { view, folder, near } = told;
      crumbs([[ntp.folder(folder[1]), `/sweep/${folder[0]}`], [view.name.split("/").pop()]]);
      const links = (_, runs) => el("p", { class: "links" },
        view.pages.map((name) => el("a", { class: "in", href: `/view/${name}/${view.id}?run=${view.run}` }, name.replaceAll("_", " "))),
        near[0] ? el("a", { class: "in", href: `/job/${near[0]}` }, "‹ previous job") : "",
        near[1] ? el("a", { class: "in", href: `/job/${near[1]}` }, "next job ›") : "", runs || "");
      ntp.job(root, view, { links, onRun: (run) => ntp.ask({ run: run || null }) });
    },
    folders: (root, told) => { crumbs([]); ntp.folders(root, told); },
    sweep: (root, told) => { crumbs([[ntp.folder(told.name)]]); ntp.sweep(root, told); },
    view: (root, told) => { crumbs([[told.job, `/job/${told.key}`], [told.name.replaceAll("_", " ")]]); viewPage(root, told); },
    compare: (root, told) => { crumbs([["compare"]]); ntp.compare(root, told); },
  };

  // A view of the study that is a page of its own.
  const viewPage = (root, told) => {
    const name = told.name.replaceAll("_", " ");
    const runs = told.runs > 1 ? el("label", { class: "runs" }, "run ", el("select", { "aria-label": "run", onchange: (event) => ntp.ask({ run: Number(event.target.value) || null }) }, Array.from({ length: told.runs }, (_, r) => el("option", { value: r, selected: r === told.run }, String(r))))) : "";
    const body = el("div");
    root.replaceChildren(el("h1", {}, `${name.charAt(0).toUpperCase()}${name.slice(1)} of ${label(told.job, 60)}`),
      el("p", { class: "links" }, el("a", { class: "in", href: `/job/${told.key}?run=${told.run}` }, "the job"), runs), body);
    if (ntp.leave) { ntp.leave(); ntp.leave = null; }
    if (told.data === null) { body.append(el("p", { class: "reason problem" }, `Nothing to show: ${told.problem || "the record has none"}.`)); return; }
    ntp.need(told.files).then(() => {
      if (body.isConnected) ntp.leave = ntp.theme.watch(ntp.views[told.name].page(body, told.data));
    }, (error) => body.append(el("p", { class: "reason" }, error.message)));
  };

  let shown = "";
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    ntp: {
      draw: (told) => {
        const root = document.getElementById("page");
        if (!told || !root) return window.dash_clientside.no_update;
        const shell = document.getElementById("shell");
        ntp.MARKS = ntp.MARKS || JSON.parse(shell.dataset.marks);
        const place = `${told.page}.${(told.page === "view" && told.name) || ""}.${told.key || ""}`;
        if (place !== shown) {
          if (ntp.job.close) ntp.job.close();
          if (ntp.leave) { ntp.leave(); ntp.leave = null; }
          root.replaceChildren();
          root.className = `page ${told.page}`;
        }
        shown = place;
        pages[told.page](root, told);
        document.title = `${told.job || (told.view && told.view.name) || told.name || "jobs"} · ntp-dynamics`;
        return told.stamp;
      },
      asked: (ask) => { asked = ask; return window.dash_clientside.no_update; },
      theme: () => { theme.toggle(); return "light or dark"; },
    },
  });
})();
