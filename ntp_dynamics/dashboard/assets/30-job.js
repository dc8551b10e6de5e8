// The page of a job: verdicts, one slider over all phases, curves, the views of its study.  Also the exported file.
"use strict";
(() => {
  const { el, num, dec, badge, quiet, address, label } = ntp;
  const GROUPS = [["proved", "proved in papers"], ["derived", "derived here"]];
  const STATES = { done: "done", running: "running", failed: "failed", interrupted: "interrupted", dead: "dead", planned: "planned" };

  // Positions of the slider: the recorded steps of every stage, one after the other.
  const positions = (timeline) => timeline.flatMap((stage, s) => stage.steps.map((step, i) => ({ s, i, step, stage })));

  const chip = (view, card, pressed, onclick) => el("button", {
    type: "button", class: quiet(view.marks, card.label) ? "chip away" : "chip", "aria-expanded": pressed ? "true" : "false", "data-claim": card.key, title: card.summary, onclick,
  }, badge(view.marks, card.label), card.seen ? badge(view.marks, card.seen) : "", el("span", { class: "claim" }, card.many ? card.key : card.id),
    quiet(view.marks, card.label) ? "" : el("span", { class: "word" }, card.note ? card.note.split(" after")[0] : card.label));

  const build = (root, options) => {
    const state = { at: null, playing: null, follow: true, claim: address.get("claim"), scale: address.get("scale") || "own" };
    const self = { root, state, view: null };
    const head = el("header", { class: "jobhead" });
    const chips = el("section", { class: "verdicts", "aria-label": "verdicts" });
    const evidence = el("section", { class: "evidence", hidden: true, "aria-live": "polite" });
    const slider = el("input", { type: "range", min: 0, step: 1, "aria-label": "place on the clock", class: "steps", oninput: () => { state.follow = false; self.go(Number(slider.value)); } });
    const marks = el("div", { class: "stagemarks", "aria-hidden": "true" });
    const where = el("output", { class: "where" });
    const play = el("button", { type: "button", class: "play", "aria-label": "play", title: "play or pause (space)", onclick: () => self.toggle() }, "▶");
    const scale = el("select", { "aria-label": "scale of the curves", onchange: () => { state.scale = scale.value; address.set({ scale: scale.value === "own" ? null : scale.value }); self.redraw(); } },
      ntp.curves.SCALES.map((name) => el("option", { value: name }, name === "own" ? "own scale" : name)));
    scale.value = ntp.curves.SCALES.includes(state.scale) ? state.scale : "own";
    state.scale = scale.value;
    const bar = el("div", { class: "transport" }, play, el("div", { class: "track" }, slider, marks), where, el("label", {}, el("span", { class: "hide-narrow" }, "curves "), scale));
    const main = el("div", { class: "grid main" });
    const arrays = el("div", { class: "grid main" });
    const look = el("div", { class: "look" });
    const rest = el("div", { class: "grid main" });
    const moreList = el("div", { class: "pickers" });
    const more = el("details", { class: "more" }, el("summary", {}, "more curves"), moreList);
    const extra = el("div", { class: "grid main" });
    const log = el("details", { class: "more" });
    root.replaceChildren(head, chips, evidence, bar, main, look, rest, arrays, more, extra, log);
    let panels = [];
    let looks = {};
    let line = [];

    const heading = (view) => {
      const facts = [...(view.facts || []), ...(view.seconds ? [`${num(view.seconds)} s`] : [])];
      const runs = view.runs > 1 && options.fixedRun ? el("span", { class: "runs" }, `run ${view.run}`) : view.runs > 1 ? el("label", { class: "runs" }, "run ", el("select", {
        "aria-label": "run", onchange: (event) => options.onRun(Number(event.target.value)),
      }, Array.from({ length: view.runs }, (_, r) => el("option", { value: r, selected: r === view.run }, String(r))))) : null;
      const settings = view.overrides.map(([k, v]) => el("code", {}, `${label(k, 40)}=${label(v, 40)}`));
      head.replaceChildren(
        el("div", { class: "titleline" }, el("h1", {}, label(view.name, 80), " ", el("span", { class: `state ${STATES[view.state] || "odd"}` }, view.state)),
          options.links ? options.links(view, runs) : el("p", { class: "links" }, runs || "")),
        el("p", { class: "facts" }, facts.join(" · "), " ", settings),
        view.reason ? el("p", { class: "reason" }, view.reason) : "",
        view.problem ? el("p", { class: "reason problem" }, `No record to show: ${view.problem}.`) : "",
        ...[...(view.note ? [view.note] : []), ...(view.notes || [])].map((note) => el("p", { class: "reason" }, note)),
        view.headline ? el("p", { class: "headline" }, view.headline) : "",
      );
    };

    const verdicts = (view) => {
      const cards = view.cards || [];
      const seen = {};
      for (const card of cards) seen[card.id] = (seen[card.id] || 0) + 1;
      for (const card of cards) card.many = seen[card.id] > 1;
      chips.replaceChildren(...GROUPS.map(([kind, title]) => {
        const own = cards.filter((card) => card.kind === kind);
        return own.length ? el("div", { class: "chiprow" }, el("h2", {}, title), el("div", { class: "chips" }, own.map((card) => chip(view, card, state.claim === card.key, () => self.show(card.key))))) : "";
      }));
      if (!cards.length && !view.problem) chips.replaceChildren(el("p", { class: "note" }, view.state === "running" ? "Verdicts are reached when the job is done." : "This job has no verdicts."));
      drawEvidence(view);
    };

    const drawEvidence = (view) => {
      const card = (view.cards || []).find((c) => c.key === state.claim);
      evidence.hidden = !card;
      state.evidence = null;
      if (!card) return;
      const panel = view.panels.find((p) => p.key === card.panel);
      const text = el("div", { class: "told" },
        el("h2", {}, badge(view.marks, card.label, card.label), ` ${card.key}`),
        el("p", { class: "statement" }, card.statement), el("p", {}, card.sentence), card.note ? el("p", {}, card.note) : "", card.shadow ? el("p", { class: "shadow" }, card.shadow) : "",
        el("dl", {}, card.numbers.flatMap(([name, said]) => [el("dt", {}, name), el("dd", {}, said)])),
        el("p", { class: "source" }, `${card.source} · version: ${card.version}`));
      const close = el("button", { type: "button", class: "quiet close", "aria-label": "close the evidence", onclick: () => self.show(null) }, "×");
      evidence.replaceChildren(text, close);
      if (panel && (!quiet(view.marks, card.label) || card.seen)) {
        state.evidence = ntp.curves.make(panel, { scale: state.scale, claim: card.key, window: card.window, trusted: card.trusted, height: 320 });
        evidence.append(state.evidence.box);
        state.evidence.draw().then(() => self.go(state.at));
      }
    };

    self.show = (key) => {
      state.claim = state.claim === key ? null : key;
      address.set({ claim: state.claim });
      for (const button of chips.querySelectorAll(".chip")) button.setAttribute("aria-expanded", button.dataset.claim === state.claim ? "true" : "false");
      drawEvidence(self.view);
    };

    // The window of a panel: where the rate of its own law was measured, derived ones first.
    const windowOf = (view, panel) => {
      const cards = (view.cards || []).filter((card) => card.panel === panel.key && card.window);
      return (cards.find((card) => card.kind === "derived") || cards[0] || {}).window || null;
    };

    const phaseOf = (view, name) => (view.timeline.find((t) => t.stage === name) || { label: name }).label;

    const chosen = () => new Set((address.get("panels") || "").split(",").filter(Boolean));

    const curves = (view) => {
      const extras = chosen();
      const all = view.panels || [];
      const wanted = all.filter((p) => p.open || extras.has(p.key));
      const old = Object.fromEntries(panels.map((p) => [p.panel.key, p]));
      const latest = view.timeline.length ? view.timeline[view.timeline.length - 1].stage : "";
      panels = wanted.map((panel) => {
        const settings = { scale: state.scale, window: windowOf(view, panel) };
        const made = old[panel.key] || ntp.curves.make(panel, settings);
        const home = extras.has(panel.key) && !panel.open ? extra : panel.stage === latest ? main : rest;
        if (made.box.parentNode !== home) home.append(made.box);
        delete old[panel.key];
        lazily(made, () => made.draw(panel, settings));
        return made;
      });
      Object.values(old).forEach((p) => p.box.remove());
      const closed = all.filter((p) => !p.open);
      more.hidden = !closed.length;
      moreList.replaceChildren(...closed.map((panel) => el("label", {}, el("input", {
        type: "checkbox", checked: extras.has(panel.key),
        onchange: (event) => {
          const set = chosen();
          if (event.target.checked) set.add(panel.key); else set.delete(panel.key);
          address.set({ panels: [...set].join(",") });
          curves(self.view);
        },
      }), ` ${panel.title}`, el("small", {}, ` ${phaseOf(view, panel.stage)}`))));
    };

    // Panels below the fold are drawn when they come into view, or when there is nothing else to do.
    const eye = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) reveal(entry.target);
    }, { rootMargin: "100px" });
    const reveal = (box) => {
      const draw = box.pending;
      if (!draw) return Promise.resolve();
      box.pending = null;
      box.seen = true;
      return Promise.resolve(draw()).then(() => self.go(state.at));
    };
    const idle = window.requestIdleCallback || ((f) => setTimeout(f, 200));
    const revealRest = () => idle(() => {
      const next = [...root.querySelectorAll("figure.panel")].find((box) => box.pending);
      if (next) reveal(next).then(revealRest);
    });
    const lazily = (part, draw) => {
      if (part.box.seen) { draw(); return; }
      part.box.pending = draw;
      eye.observe(part.box);
    };

    // The views of the study and the arrays: parts are made anew where the data have another shape.
    const shapeOf = (made, data) => (made.shape ? made.shape(data) : Object.keys(data).filter((k) => data[k] !== null).join());
    const drawViews = (view) => {
      const told = view.views || [];
      for (const key of Object.keys(looks)) if (!told.some((one) => one.key === key)) { looks[key].home.remove(); delete looks[key]; }
      for (const { key, name, files, data } of told) {
        const one = looks[key] = looks[key] || { home: el("div", { class: name === "arrays" ? "contents" : "grid look" }), parts: [], shape: null };
        (name === "arrays" ? arrays : look).append(one.home);
        one.data = data;
        ntp.need(files).then(() => {
          const made = Object.hasOwn(ntp.views, name) ? ntp.views[name] : null;
          if (!made || one.data !== data) return;
          if (one.shape !== shapeOf(made, data)) {
            one.shape = shapeOf(made, data);
            one.parts = made.parts(data);
            one.home.replaceChildren(...one.parts.map((part) => part.box));
          }
          for (const part of one.parts) lazily(part, () => part.draw(data));
          self.go(state.at);
        }, (error) => one.home.replaceChildren(el("p", { class: "reason" }, error.message)));
      }
    };

    // Move everything to a position.  Panels of an earlier stage stand at its end.
    self.go = (index) => {
      if (!line.length) return;
      const started = performance.now();
      const at = Math.min(Math.max(index ?? line.length - 1, 0), line.length - 1);
      state.at = at;
      const { s, i, step, stage } = line[at];
      slider.value = at;
      const path = stage.path && stage.path[i] !== null ? ` · ${stage.beside} ${num(stage.path[i])}` : "";
      where.textContent = `${stage.label} · ${stage.clock} ${num(step)}${path}`;
      slider.setAttribute("aria-valuetext", `${stage.label}, ${stage.clock} ${step}`);
      for (const panel of [...panels, ...(state.evidence ? [state.evidence] : [])]) {
        const of = self.view.timeline.findIndex((t) => t.stage === panel.panel.stage);
        panel.move(of < 0 ? null : of < s ? self.view.timeline[of].steps.at(-1) : of === s ? step : null, of > s ? "not yet reached" : "");
      }
      for (const { data, parts: moved } of Object.values(looks)) {
        if (!data.checkpoints) continue;
        const of = self.view.timeline.findIndex((t) => t.stage === data.stage);
        const t = of < s ? Infinity : of === s ? step : 0;
        let c = data.checkpoints.findIndex((k) => k > t);
        c = (c < 0 ? data.checkpoints.length : c) - 1;
        for (const part of moved) part.move(Math.max(c, 0), of === s ? step : null);
      }
      self.took = performance.now() - started;
    };
    self.remember = () => { if (line.length && !state.follow) address.set({ at: state.at === line.length - 1 ? null : `${line[state.at].stage.stage}:${line[state.at].step}` }); };
    slider.addEventListener("change", self.remember);

    self.toggle = () => {
      if (state.playing) {
        clearInterval(state.playing);
        state.playing = null;
        self.remember();
      } else if (line.length) {
        state.follow = false;
        if (state.at >= line.length - 1) self.go(0);
        state.playing = setInterval(() => { if (state.at >= line.length - 1) self.toggle(); else self.go(state.at + 1); }, 70);
      }
      play.textContent = state.playing ? "❚❚" : "▶";
      play.setAttribute("aria-label", state.playing ? "pause" : "play");
    };

    const start = () => {
      const wanted = (address.get("at") || "").split(":");
      const found = line.findIndex((p) => p.stage.stage === wanted[0] && p.step >= Number(wanted[1]));
      if (found >= 0) { state.follow = false; return found; }
      return line.length - 1;
    };

    const tail = (view) => {
      log.hidden = !view.log.length;
      log.open = Boolean(view.problem);
      log.replaceChildren(el("summary", {}, "log"), el("pre", {}, view.log.join("\n")));
    };

    self.draw = (view) => {
      const first = self.view === null;
      self.view = view;
      heading(view);
      tail(view);
      bar.hidden = !(view.timeline && view.timeline.length);
      if (view.timeline) {
        line = positions(view.timeline);
        slider.max = Math.max(line.length - 1, 0);
        marks.replaceChildren(...view.timeline.map((stage) => el("span", { style: { flexGrow: stage.steps.length } }, stage.label)));
        if (first) state.at = start();
        else if (state.follow) state.at = line.length - 1;
        curves(view);
        drawViews(view);
      } else {
        line = [];
        panels = [];
        looks = {};
        for (const grid of [main, look, rest, arrays, extra]) grid.replaceChildren();
        more.hidden = true;
      }
      verdicts(view);
      self.go(state.at);
      setTimeout(revealRest, 300);
    };
    self.redraw = () => {
      if (!self.view || !self.view.timeline) return;
      for (const panel of panels) if (panel.box.seen) panel.draw(panel.panel, { scale: state.scale });
      for (const { parts: drawn } of Object.values(looks)) for (const part of drawn) if (part.box.seen) part.draw();
      if (state.evidence) state.evidence.draw(state.evidence.panel, { scale: state.scale });
      self.go(state.at);
    };
    const unwatch = ntp.theme.watch(self.redraw);
    const keys = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, button, summary, a")) return;
      const moves = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 };
      if (event.key === " ") { event.preventDefault(); self.toggle(); }
      if (event.key in moves) { event.preventDefault(); state.follow = false; self.go(state.at + moves[event.key]); self.remember(); }
      if (event.key === "Home" || event.key === "End") { event.preventDefault(); self.go(event.key === "Home" ? 0 : line.length - 1); self.remember(); }
    };
    document.addEventListener("keydown", keys);
    self.close = () => { document.removeEventListener("keydown", keys); unwatch(); eye.disconnect(); clearInterval(state.playing); };
    return self;
  };

  // Draw a view into an element; drawn again with the same job it keeps slider, scale and claim.
  let current = null;
  ntp.job = (root, view, options = {}) => {
    if (!current || current.root !== root || !current.view || current.view.id !== view.id) {
      if (current) current.close();
      current = build(root, options);
    }
    current.draw(view);
    ntp.shown = current;
    return current;
  };
  ntp.job.close = () => { if (current) current.close(); current = null; };
  ntp.dec = dec;
})();
