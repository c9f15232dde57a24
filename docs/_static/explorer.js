// The mask explorer: shows masks that the package drew, and told, when the site was built.
"use strict";

(() => {
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const ROLES = ["context", "target", "ignored"];
  const SVG = "http://www.w3.org/2000/svg";

  const root = document.querySelector(".mask-explorer");
  const { record, ...strategies } = window.maskExplorer;
  const site = JSON.parse(root.dataset.site);
  root.append(root.querySelector("template").content);
  const part = (name) => root.querySelector(`.explorer-${name}`);
  const setting = (name) => document.getElementById(`explorer-${name}`);

  // Elements

  function make(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, ...children);
  }

  function makeSvg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, ...children);
  }

  function fill(element, attributes, ...children) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // Data

  function numbers(text) {
    const values = [];
    let value = 0;
    let scale = 1;
    for (const character of text) {
      const digit = DIGITS.indexOf(character);
      value += (digit % 32) * scale;
      scale *= 32;
      if (digit < 32) {
        values.push(value);
        value = 0;
        scale = 1;
      }
    }
    return values;
  }

  function sums(text) {
    let level = 0;
    return numbers(text).map((n) => (level += n % 2 ? -(n - 1) / 2 : n / 2));
  }

  // All records of a setting: context[lead] and targets[target][lead], each a list of [first, end].
  function decode(text, nLeads, phrases) {
    const [nTargets, nWords, ...values] = numbers(text);
    let at = 0;
    function row() {
      const runs = [];
      for (let patch = 0, marked = false; patch < record.patches; marked = !marked) {
        const end = patch + values[at++];
        if (marked) runs.push([patch, end]);
        patch = end;
      }
      return runs;
    }
    const masks = [];
    while (at < values.length) {
      const context = [];
      const targets = Array.from({ length: nTargets || 1 }, () => []);
      for (let lead = 0; lead < nLeads; lead++) {
        context.push(row());
        if (nTargets) targets.forEach((target) => target.push(row()));
        else targets[0].push(outside(context[lead]));
      }
      const [counts, ...roles] = values.slice(at, (at += nWords)).map((n) => phrases[n]);
      masks.push({ ...withRest(context, targets), counts, roles });
    }
    return masks;
  }

  function withRest(context, targets) {
    const target = context.map((_, lead) => union(targets.map((block) => block[lead])));
    const ignored = context.map((runs, lead) => outside(union([runs, target[lead]])));
    return { context, targets, target, ignored };
  }

  function outside(runs) {
    const borders = [0, ...runs.flat(), record.patches];
    const gaps = [];
    for (let i = 0; i < borders.length; i += 2) {
      if (borders[i] < borders[i + 1]) gaps.push([borders[i], borders[i + 1]]);
    }
    return gaps;
  }

  function union(rows) {
    if (rows.length === 1) return rows[0];
    const merged = [];
    for (const [first, end] of rows.flat().sort((a, b) => a[0] - b[0])) {
      const last = merged.at(-1);
      if (last && first <= last[1]) last[1] = Math.max(last[1], end);
      else merged.push([first, end]);
    }
    return merged;
  }

  function size(rows) {
    return rows.flat().reduce((sum, [first, end]) => sum + end - first, 0);
  }

  const decoded = new Map();

  function batchOf(name, number, seed) {
    const key = `${name} ${number}`;
    if (!decoded.has(key)) {
      const { masks, drawn, leads, phrases } = strategies[name];
      decoded.set(key, decode(drawn[masks[number]], leads, phrases));
    }
    return decoded.get(key).slice(seed * record.records, (seed + 1) * record.records);
  }

  async function load(name) {
    if (strategies[name]) return;
    const script = make("script", { src: site.scripts[name] });
    const loaded = new Promise((resolve) => script.addEventListener("load", resolve));
    document.head.append(script);
    await loaded;
    strategies[name] = window.maskExplorer[name];
  }

  // What a collator makes of a batch: in the order of time, one end of a record loses its surplus.

  function cut(rows, nKeep, losesStart) {
    const nLeads = rows.length;
    const tokens = rows.flatMap((runs, lead) =>
      runs.flatMap(([first, end]) =>
        Array.from({ length: end - first }, (_, i) => (first + i) * nLeads + lead),
      ),
    );
    const surplus = tokens.length - nKeep;
    const ordered = Int32Array.from(tokens).sort();
    const kept = losesStart ? ordered.slice(surplus) : ordered.slice(0, nKeep);
    const left = rows.map(() => []);
    for (const token of kept) {
      const patch = Math.floor(token / nLeads);
      const runs = left[token % nLeads];
      if (runs.at(-1)?.[1] === patch) runs.at(-1)[1]++;
      else runs.push([patch, patch + 1]);
    }
    return left;
  }

  function collate(drawn) {
    const batch = state.mode === "drawn" ? drawn : drawn.slice(0, state.size);
    const blocks = batch.map(({ context, targets }) => [context, ...targets]);
    const counts = blocks[0].map((_, i) => blocks.map((each) => size(each[i])));
    if (state.mode !== "cut") return { batch, counts };
    const losesStart = record.losesStart[state.seed];
    const left = blocks.map((each, at) => {
      const [context, ...targets] = each.map((rows, i) =>
        cut(rows, Math.min(...counts[i]), losesStart[at]),
      );
      return { ...batch[at], ...withRest(context, targets) };
    });
    return { batch: left, counts };
  }

  // State: the address of the page.

  const { presets } = site;
  const modes = ["drawn", "cut", "padded"];
  const leadChoices = ["all", ...record.leads].filter((lead) => record.stacks[lead]);
  const state = {
    preset: presets[0],
    at: [], // where each control stands
    seed: 0,
    record: 0,
    lead: leadChoices[0],
    mode: "drawn",
    size: record.records,
  };

  function data() {
    return strategies[state.preset.name];
  }

  function settingNumber() {
    return data().controls.reduce(
      (number, { options }, i) => number * options.length + state.at[i],
      0,
    );
  }

  async function choose(preset) {
    await load(preset.name);
    state.preset = preset;
    state.at = [...data().presets[preset.at]];
  }

  function isAt({ name, at }) {
    return name === state.preset.name && data().presets[at].every((p, i) => p === state.at[i]);
  }

  function address() {
    const query = new URLSearchParams({ strategy: state.preset.slug });
    if (!isAt(state.preset)) {
      data().controls.forEach(({ name, options }, i) => query.set(name, options[state.at[i]].text));
    }
    for (const name of ["seed", "record", "lead"]) query.set(name, state[name]);
    if (state.mode !== "drawn") {
      query.set("mode", state.mode);
      query.set("size", state.size);
    }
    return `?${query}`;
  }

  async function readAddress() {
    const query = new URLSearchParams(location.search);
    const unknown = [];
    const range = (first, end) => Array.from({ length: end - first }, (_, i) => `${first + i}`);
    function take(name, known, use) {
      if (!query.has(name)) return;
      const place = known.indexOf(query.get(name));
      if (place < 0) unknown.push(`${name}=${query.get(name)}`);
      else use(place);
    }
    const wanted = (query.get("strategy") ?? "").toLowerCase().replace(/[^a-z0-9]/g, "");
    const preset = presets.find(({ keys }) => keys.some((key) => key.startsWith(wanted)));
    if (!preset) unknown.push(`strategy=${query.get("strategy")}`);
    await choose(preset ?? presets[0]);
    data().controls.forEach(({ name, options }, i) => {
      take(name, options.map(({ text }) => text), (place) => (state.at[i] = place));
    });
    take("seed", range(0, record.seeds), (seed) => (state.seed = seed));
    take("record", range(0, record.records), (i) => (state.record = i));
    take("lead", leadChoices, (i) => (state.lead = leadChoices[i]));
    take("mode", modes, (i) => (state.mode = modes[i]));
    take("size", range(2, record.records + 1), (i) => (state.size = i + 2));
    return unknown;
  }

  let writing;

  function writeAddress() {
    // Browsers refuse to change the address many times a second.
    clearTimeout(writing);
    writing = setTimeout(() => history.replaceState(null, "", address() + location.hash), 200);
  }

  // Words

  // Leads with masks of their own are told together first, then one by one.
  function sentence({ context, targets, ignored, roles }) {
    const perLead = context.length > 1;
    const lead = perLead ? record.leads.indexOf(state.lead) : 0;
    const length = perLead ? roles.length / (context.length + 1) : roles.length;
    const first = perLead ? (lead + 1) * length : 0;
    const rows = [context, ...targets];
    const when = (runs) => runs.map((run) => run.map((n) => record.times[n]).join(" to ")).join(", ");
    const told = roles
      .slice(first, first + length)
      .map((role, i) => role.replace("@", () => when((rows[i] ?? ignored)[lead])));
    return `${[data().openings[state.lead], ...told].join("; ")}.`;
  }

  // What is lost of a batch that is cut, and what is filler in one that is padded.
  function batchSentence(counts) {
    const n = counts[0].length;
    const least = counts.map((each) => Math.min(...each));
    const most = counts.map((each) => Math.max(...each));
    const total = (values) => values.flat().reduce((a, b) => a + b);
    const share = (columns) => {
      const drawn = total(counts.slice(...columns));
      const cut = n * total(least.slice(...columns));
      const padded = n * total(most.slice(...columns));
      return `${(100 * (1 - (state.mode === "cut" ? cut / drawn : drawn / padded))).toFixed(1)}%`;
    };
    const length = {
      drawn: (i) => (least[i] < most[i] ? `${least[i]} to ${most[i]}` : `${most[i]}`),
      cut: (i) => least[i],
      padded: (i) => most[i],
    }[state.mode];
    const [context, ...targets] = counts.map((_, i) => length(i));
    return record.batchWords[state.mode]
      .replace("{n}", n)
      .replace("{context}", context)
      .replace("{targets}", targets.join(", "))
      .replace("{context_share}", () => share([0, 1]))
      .replace("{target_share}", () => share([1]));
  }

  function code() {
    const given = data().controls.map(({ options }, i) => options[state.at[i]].code);
    const line = `${state.preset.name}(${given.join(", ")})`;
    // A line for each argument, where a comma comes before a name.
    const lines = given.join(", ").split(/, (?=\w+=)/).join(",\n    ");
    const folded = line.length > 74 ? `${state.preset.name}(\n    ${lines},\n)` : line;
    const one = state.lead === "all" ? "" : `, lead="${state.lead}"`;
    const used = data().names.filter((name) => {
      return name === "sample_ecg" || new RegExp(`\\b${name}\\b`).test(line);
    });
    return data()
      .code.replace("{names}", used.join(", "))
      .replaceAll("{plot}", one ? "plot_lead" : "plot_12_leads")
      .replace("{strategy}", folded)
      .replace("{seed}", state.seed)
      .replace("{record}", state.record)
      .replace("{lead}", one);
  }

  // Controls

  const [changed] = setting("strategy").options;

  function showControls() {
    setting("lead").value = state.lead;
    part("about").replaceChildren(make("code", {}, state.preset.name), ` ${data().about}`);
    part("knobs").replaceChildren(
      ...data().controls.map(({ name, label, kind, options }, i) => {
        const id = `explorer-${name}`;
        const range = { id, type: "range", min: 0, max: options.length - 1, step: 1 };
        const choices = options.map(({ shown }, at) => make("option", { value: at }, shown));
        const input = kind === "range" ? make("input", range) : make("select", { id }, ...choices);
        input.addEventListener("input", () => {
          state.at[i] = Number(input.value);
          showPlaces();
          change();
        });
        // Hidden from readers of the screen: they hear it as the value of the slider.
        const value = make("span", { class: "explorer-value", "aria-hidden": "true" });
        const parts = [make("label", { for: id }, label), ...(kind === "range" ? [value] : []), input];
        return make("div", { class: `explorer-${kind}` }, ...parts);
      }),
    );
    part("again").hidden = !data().random;
    part("fixed").hidden = data().random;
    showPlaces();
  }

  function showPlaces() {
    const preset = presets.find(isAt);
    if (preset) state.preset = preset;
    changed.hidden = Boolean(preset);
    changed.textContent = `${state.preset.label}, changed`;
    setting("strategy").value = preset ? presets.indexOf(preset) : "";
    data().controls.forEach(({ options }, i) => {
      const input = part("knobs").children[i].querySelector("input, select");
      input.value = state.at[i];
      if (input.type !== "range") return;
      const { shown } = options[state.at[i]];
      input.setAttribute("aria-valuetext", shown);
      part("knobs").children[i].querySelector(".explorer-value").textContent = shown;
    });
  }

  // Lanes: the clip of a bar is the runs themselves, in patches.

  function bars(runs, role, hatch, id) {
    const d = runs.map(([first, end]) => `M${first} 0H${end}V1H${first}Z`).join("");
    const whole = { width: "100%", height: "100%", "clip-path": `url(#${id})` };
    return [
      makeSvg(
        "clipPath",
        { id, clipPathUnits: "objectBoundingBox" },
        makeSvg("path", { d, transform: `scale(${1 / record.patches} 1)` }),
      ),
      makeSvg("rect", { ...whole, class: `explorer-${role}` }),
      ...(hatch ? [makeSvg("rect", { ...whole, fill: `url(#explorer-hatch-${hatch})` })] : []),
    ];
  }

  function lane(name, count, more, ...bars) {
    return make(
      "div",
      { class: "explorer-lane", "data-lane": name },
      make("span", { class: "explorer-lane-name" }, name),
      makeSvg("svg", {}, ...bars),
      make("span", { class: "explorer-lane-count" }, `${count}`, make("small", {}, ` ${more}`)),
    );
  }

  function showLanes(mask) {
    const perLead = mask.context.length > 1;
    part("lanes").classList.toggle("explorer-per-lead", perLead);
    const ofLeads = () =>
      record.leads.map((name, i) => {
        const rows = ROLES.flatMap((role) => bars(mask[role][i], role, 0, `explorer-clip-${role}-${i}`));
        return lane(name, size([mask.context[i]]), "seen", ...rows);
      });
    const ofRoles = () =>
      [
        ["context", mask.context, "context", 0],
        ...mask.targets.map((target, i) => [
          mask.targets.length > 1 ? `target ${i + 1}` : "target",
          target,
          "target",
          i % 4,
        ]),
        ["ignored", mask.ignored, "ignored", 0],
      ].map(([name, rows, role, hatch], i) => {
        const shown = bars(rows[0], role, hatch, `explorer-clip-${i}`);
        return lane(name, size(rows), `(${data().percents[size(rows)]})`, ...shown);
      });
    part("lanes").replaceChildren(...(perLead ? ofLeads() : ofRoles()));
  }

  // Traces: what is cut at the border of a patch fits without a gap.

  let view;

  // The traces of a view in pieces, one a patch; x counts patches, y is in mV from the top.
  function layOut() {
    const { height, rows } = record.stacks[state.lead];
    const stack = rows.map(({ lead, ...row }) => {
      const levels = sums(record.signal[lead]);
      const perPatch = levels.length / record.patches;
      const point = (t) => {
        const before = levels[Math.floor(t)];
        const after = levels[Math.min(Math.ceil(t), levels.length - 1)];
        const level = (before + (after - before) * (t % 1)) * record.step;
        return `${(t / perPatch).toFixed(2)} ${(row.zero - level).toFixed(3)}`;
      };
      const starts = [];
      const pieces = Array.from({ length: record.patches }, (_, patch) => {
        const end = Math.min((patch + 1) * perPatch, levels.length - 1);
        const points = [];
        starts.push(point(patch * perPatch));
        for (let t = Math.floor(patch * perPatch) + 1; t < end; t++) points.push(point(t));
        return [...points, point(end)].join(" ");
      });
      return { lead: record.leads.indexOf(lead), starts, pieces, ...row };
    });
    part("traces").setAttribute("viewBox", `0 0 ${record.patches} ${height}`);
    part("names").replaceChildren(
      ...stack.map(({ lead, zero }) => {
        const name = make("span", {}, record.leads[lead]);
        name.style.top = `${(100 * zero) / height}%`;
        return name;
      }),
    );
    part("bar").style.height = `${100 / height}%`;
    root.classList.toggle("mask-explorer-one-lead", stack.length === 1);
    view = { lead: state.lead, height, stack };
  }

  function showTraces(mask) {
    if (view?.lead !== state.lead) layOut();
    const { height, stack } = view;
    const shared = mask.context.length === 1;
    const boxes = [];
    for (let at = 0; at <= record.patches; at += record.box) boxes.push(`M${at} 0V${height}`);
    const tint = (target) => {
      const rows = shared ? [{ lead: 0, top: 0, bottom: height }] : stack;
      return rows
        .flatMap(({ lead, top, bottom }) =>
          target[lead].map(([first, end]) => `M${first} ${top}H${end}V${bottom}H${first}Z`),
        )
        .join("");
    };
    const trace = (role) =>
      stack
        .flatMap(({ lead, starts, pieces }) =>
          mask[role][shared ? 0 : lead].map(
            ([first, end]) => `M${starts[first]}L${pieces.slice(first, end).join(" ")}`,
          ),
        )
        .join("");
    part("traces").replaceChildren(
      makeSvg("path", { class: "explorer-boxes", d: boxes.join("") }),
      ...mask.targets.map((each) => makeSvg("path", { class: "explorer-tint", d: tint(each) })),
      ...ROLES.map((role) => makeSvg("path", { class: `explorer-trace-${role}`, d: trace(role) })),
    );
  }

  // Rows: the context is tall, the target low; where leads differ, each has a line of pixels.

  const HEIGHTS = { context: 4, target: 2, ignored: 1 };

  function pixel(role, opacity) {
    const [, ...pairs] = getComputedStyle(root)
      .getPropertyValue(`--ecg-${role}`)
      .match(/#(..)(..)(..)/);
    const levels = pairs.map((pair) => Number.parseInt(pair, 16));
    return new Uint32Array(Uint8Array.of(...levels, 255 * opacity).buffer)[0];
  }

  function showRows(drawn, shown, counts) {
    const perLead = shown[0].context.length > 1;
    const [line, heights] = perLead ? [1, { context: 1, target: 1, ignored: 1 }] : [4, HEIGHTS];
    const pixels = (opacity) => ROLES.map((role) => pixel(role, opacity));
    const [full, faint] = [pixels(1), pixels(0.3)];
    part("rows").classList.toggle("explorer-rows-per-lead", perLead);
    root.querySelectorAll(".explorer-rows label").forEach((label, i) => {
      label.hidden = i >= shown.length;
      if (label.hidden) return;
      const [, input, canvas, count] = label.children;
      input.checked = i === state.record;
      input.setAttribute("aria-label", `Record ${i}: ${drawn[i].counts}`);
      const filler = state.mode === "padded" ? Math.max(...counts) - counts[i] : 0;
      count.textContent = `${size(shown[i].context)}${filler ? ` + ${filler}` : ""}`;
      canvas.height = line * shown[i].context.length;
      const image = new ImageData(canvas.width, canvas.height);
      const all = new Uint32Array(image.data.buffer);
      function paint(mask, colours) {
        for (const [which, role] of ROLES.entries()) {
          for (let y = 0; y < canvas.height; y++) {
            const shows = line - (y % line) <= heights[role];
            for (const [first, end] of mask[role][Math.floor(y / line)]) {
              all.fill(shows ? colours[which] : 0, y * canvas.width + first, y * canvas.width + end);
            }
          }
        }
      }
      // What is cut is faint below what is left.
      paint(drawn[i], state.mode === "cut" ? faint : full);
      if (state.mode === "cut") paint({ ...shown[i], ignored: drawn[i].ignored }, full);
      canvas.getContext("2d").putImageData(image, 0, 0);
    });
  }

  // Numbers

  function showTable(mask) {
    const time = (patches) => {
      const seconds = (patches * record.duration) / record.patches;
      const beats = make("small", {}, `${(seconds / record.beat).toFixed(1)} beats`);
      return [`${Math.round(1000 * seconds)} ms`, make("br"), beats];
    };
    const rows = ROLES.map((role) => {
      const runs = mask[role].flat().map(([first, end]) => end - first);
      const count = size(mask[role]);
      const swatch = make("span", { class: `explorer-swatch explorer-swatch-${role}` });
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, swatch, role),
        make("td", {}, `${count}`, make("br"), make("small", {}, data().percents[count])),
        make("td", {}, `${runs.length}`),
        make("td", {}, ...(runs.length ? time(count / runs.length) : ["–"])),
        make("td", {}, ...(runs.length ? time(Math.max(...runs)) : ["–"])),
      );
    });
    part("numbers").tBodies[0].replaceChildren(...rows);
  }

  function meanOf(masks, role) {
    const steps = new Array(record.patches + 1).fill(0);
    for (const [first, end] of masks.flatMap((mask) => mask[role].flat())) {
      steps[first]++;
      steps[end]--;
    }
    let count = 0;
    return steps.slice(0, -1).map((step) => (count += step) / (masks.length * masks[0].context.length));
  }

  function showCurves(drawn, law) {
    const hundredths = sums(law);
    const levels = hundredths.map((n) => n / 100);
    const path = (levels, name) => {
      const d = levels.map((level, i) => `${i ? "V" : "M0 "}${1 - level}H${i + 1}`).join("");
      return makeSvg("path", { d, class: `explorer-curve-${name}` });
    };
    part("curves").replaceChildren(
      path(meanOf(drawn, "target"), "target explorer-faint"),
      path(meanOf(drawn, "context"), "context explorer-faint"),
      path(levels.slice(record.patches), "target"),
      path(levels.slice(0, record.patches), "context"),
    );
    const told = { first: 0, middle: record.patches / 2, last: record.patches - 1 };
    const words = record.curveWords.replace(/{(\w+)}/g, (_, which) => hundredths[told[which]]);
    part("curves").setAttribute("aria-label", words);
  }

  // Changes

  function show() {
    const { drawn, masks, laws, random } = data();
    const number = masks[settingNumber()];
    const refused = drawn[number].startsWith("!");
    for (const name of ["figure", "batch", "visibility", "numbers"]) part(name).hidden = refused;
    part("refusal").hidden = !refused;
    part("python").querySelector("pre").textContent = code();
    showMore();
    if (refused) {
      part("refusal").textContent = drawn[number].slice(1);
      part("status").textContent = "The package refuses this setting:";
      return;
    }
    const batch = batchOf(state.preset.name, settingNumber(), state.seed);
    const { batch: left, counts } = collate(batch);
    state.record = Math.min(state.record, left.length - 1);
    const mask = left[state.record];
    const which = random ? `Seed ${state.seed}, record ${state.record}: ` : "";
    part("status").textContent = `${which}${mask.counts}`;
    const told = batchSentence(counts);
    part("told").textContent = told;
    const label = `${sentence(batch[state.record])}${state.mode === "cut" ? ` ${told}` : ""}`;
    part("figure").setAttribute("aria-label", label);
    root.querySelector(`[name="explorer-mode"][value="${state.mode}"]`).checked = true;
    setting("size").value = state.size;
    part("size").hidden = state.mode === "drawn";
    part("size").querySelector("output").value = state.size;
    showLanes(mask);
    showTraces(mask);
    showRows(batch, left, counts[0]);
    showTable(mask);
    showCurves(batch, laws[number]);
  }

  function showMore() {
    const { label, name } = state.preset;
    const links = [];
    if (site.explorer) {
      links.push(make("a", { href: site.explorer + address() }, "Open in the mask explorer"));
    }
    if (site.pages[name] && !site.explorer) {
      links.push(make("a", { href: site.pages[name] }, `${label} in the gallery`));
    }
    part("more").replaceChildren(...links);
  }

  function change() {
    part("notice").replaceChildren();
    show();
    writeAddress();
  }

  async function copy(text, otherwise) {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      // Not every browser lets a page from a disk write to the clipboard.
      otherwise();
    }
  }

  let said;

  function say(words) {
    clearTimeout(said);
    part("done").textContent = words;
    said = setTimeout(() => part("done").replaceChildren(), 3000);
  }

  // The figure as a file: it holds what it needs, as styles do not come with it.

  const PAINT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray"];
  const STYLES = [...PAINT, "stroke-linejoin", "vector-effect"];

  function copyOf(svg, place) {
    const copied = svg.cloneNode(true);
    const originals = [...svg.querySelectorAll("path, rect")];
    [...copied.querySelectorAll("path, rect")].forEach((element, i) => {
      const style = getComputedStyle(originals[i]);
      for (const name of STYLES) element.setAttribute(name, style.getPropertyValue(name));
      if (element.tagName === "rect") {
        for (const name of ["y", "height"]) element.setAttribute(name, style.getPropertyValue(name));
      }
    });
    return fill(copied, place);
  }

  function range(element) {
    const text = document.createRange();
    text.selectNodeContents(element);
    return text;
  }

  function picture() {
    const figure = part("figure");
    const frame = part("lanes").getBoundingClientRect();
    const style = getComputedStyle(root);
    const place = (element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return { x: left - frame.left, y: top - frame.top, width, height };
    };
    const words = [...figure.querySelectorAll("span")].map((span) => {
      const { x, y, height } = place(range(span));
      const size = getComputedStyle(span).fontSize;
      const at = { x, y: y + 0.78 * height, "font-size": size, fill: style.color };
      return makeSvg("text", at, span.innerText);
    });
    const { x, y, height } = place(part("bar"));
    const { bottom } = part("times").getBoundingClientRect();
    const whole = { width: frame.width, height: bottom - frame.top };
    return makeSvg(
      "svg",
      { xmlns: SVG, ...whole, "font-family": "sans-serif" },
      makeSvg("title", {}, figure.getAttribute("aria-label")),
      copyOf(part("patterns").querySelector("defs"), {}),
      makeSvg("rect", { ...whole, fill: style.getPropertyValue("--ecg-background") }),
      ...[...figure.querySelectorAll("svg[preserveAspectRatio], .explorer-lane svg")].map((svg) =>
        copyOf(svg, place(svg)),
      ),
      makeSvg("path", { d: `M${x} ${y}v${height}`, stroke: style.color, "stroke-width": 2 }),
      ...words,
    );
  }

  function save() {
    root.classList.add("explorer-saving"); // where nothing sticks
    const svg = new XMLSerializer().serializeToString(picture());
    root.classList.remove("explorer-saving");
    const href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    const name = `${state.preset.slug}-seed-${state.seed}-record-${state.record}.svg`;
    make("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  }

  // Events

  setting("strategy").addEventListener("change", async ({ target }) => {
    await choose(presets[target.value]);
    showControls();
    change();
  });
  setting("lead").addEventListener("change", ({ target }) => {
    state.lead = target.value;
    change();
  });
  part("again").addEventListener("click", () => {
    state.seed = (state.seed + 1) % record.seeds;
    change();
  });
  part("copy").addEventListener("click", () => {
    copy(code(), () => {
      part("python").querySelector("details").open = true;
      getSelection().selectAllChildren(part("python").querySelector("pre"));
      say("Selected below: press Ctrl+C to copy");
    });
  });
  part("link").addEventListener("click", () => {
    const link = new URL((site.explorer || location.pathname) + address(), location.href).href;
    copy(link, () => say(link));
  });
  part("save").addEventListener("click", save);
  part("rows").addEventListener("change", ({ target }) => {
    state.record = Number(target.value);
    change();
  });
  part("modes").addEventListener("input", ({ target }) => {
    if (target.type === "radio") state.mode = target.value;
    else state.size = Number(target.value);
    change();
  });
  async function start() {
    const unknown = await readAddress();
    showControls();
    show();
    if (unknown.length) {
      part("notice").textContent = `Not known here, so left out: ${unknown.join(", ")}.`;
    }
    // Rows are pictures, whose colours do not follow the theme by themselves.
    new MutationObserver(show).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    window.matchMedia("print").addEventListener("change", show);
  }

  start();
})();
