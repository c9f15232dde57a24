// The mask explorer: shows masks that the package drew, and told, when the site was built.
"use strict";

(() => {
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const ROLES = ["context", "target", "ignored"];
  const LEAST_ROW = 0.8; // mV, so that a flat lead still gets a row
  const LARGE_BOX = 0.2; // s, one large box of ECG paper
  const SVG = "http://www.w3.org/2000/svg";

  const root = document.querySelector(".mask-explorer");
  const { record, ...strategies } = window.maskExplorer;
  const small = root.classList.contains("mask-explorer-small");
  const pages = JSON.parse(root.dataset.pages);

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

  function trace(text) {
    let level = 0;
    return Float32Array.from(numbers(text), (n) => {
      level += n % 2 ? -(n - 1) / 2 : n / 2;
      return level * record.step;
    });
  }

  const signal = record.leads.map((lead) => lead in record.signal && trace(record.signal[lead]));

  // All draws of a setting: context[lead] and targets[target][lead], each a list of [first, end].
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
    const draws = [];
    while (at < values.length) {
      const context = [];
      const targets = Array.from({ length: nTargets || 1 }, () => []);
      for (let lead = 0; lead < nLeads; lead++) {
        context.push(row());
        if (nTargets) targets.forEach((target) => target.push(row()));
        else targets[0].push(outside(context[lead]));
      }
      const target = context.map((_, lead) => union(targets.map((block) => block[lead])));
      const ignored = context.map((runs, lead) => outside(union([runs, target[lead]])));
      const [counts, ...roles] = values.slice(at, (at += nWords)).map((n) => phrases[n]);
      draws.push({ context, targets, target, ignored, counts, roles });
    }
    return draws;
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

  const decoded = new Map();

  function drawsOf(name, setting) {
    const key = `${name} ${setting}`;
    if (!decoded.has(key)) {
      const { masks, drawn, leads, phrases } = strategies[name];
      decoded.set(key, decode(drawn[masks[setting]], leads, phrases));
    }
    return decoded.get(key);
  }

  // State

  const places = Object.fromEntries(
    Object.entries(strategies).map(([name, { presets }]) => [name, [...presets[0].at]]),
  );
  const state = { strategy: Object.keys(strategies)[0], seed: 0, lead: small ? "II" : "all" };
  const seeds = new Set();

  function setting() {
    const { controls } = strategies[state.strategy];
    return controls.reduce(
      (number, { options }, i) => number * options.length + places[state.strategy][i],
      0,
    );
  }

  function address() {
    const query = new URLSearchParams({ strategy: state.strategy });
    strategies[state.strategy].controls.forEach(({ name, options }, i) => {
      query.set(name, options[places[state.strategy][i]].text);
    });
    query.set("seed", state.seed);
    query.set("lead", state.lead);
    return `?${query}`;
  }

  function readAddress() {
    const unknown = [];
    const query = new URLSearchParams(location.search);
    function take(name, known, use) {
      if (!query.has(name)) return;
      const place = known.indexOf(query.get(name));
      if (place < 0) unknown.push(`${name}=${query.get(name)}`);
      else use(place);
    }
    take("strategy", Object.keys(strategies), (i) => {
      state.strategy = Object.keys(strategies)[i];
    });
    strategies[state.strategy].controls.forEach(({ name, options }, i) => {
      take(name, options.map((option) => option.text), (place) => {
        places[state.strategy][i] = place;
      });
    });
    take("seed", Array.from({ length: record.seeds }, (_, seed) => `${seed}`), (seed) => {
      state.seed = seed;
    });
    take("lead", leadChoices(), (i) => {
      state.lead = leadChoices()[i];
    });
    return unknown;
  }

  function leadChoices() {
    return small ? Object.keys(record.signal) : ["all", ...record.leads];
  }

  let writing;

  function writeAddress() {
    // Browsers refuse to change the address many times a second.
    clearTimeout(writing);
    writing = setTimeout(() => {
      history.replaceState(null, "", address() + location.hash);
    }, 200);
  }

  // Words

  function size(rows) {
    return rows.flat().reduce((sum, [first, end]) => sum + end - first, 0);
  }

  function percent(count) {
    return strategies[state.strategy].percents[count];
  }

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
    return `${[strategies[state.strategy].openings[state.lead], ...told].join("; ")}.`;
  }

  function code() {
    const data = strategies[state.strategy];
    const given = data.controls.map(({ options }, i) => options[places[state.strategy][i]].code);
    const line = `${state.strategy}(${given.join(", ")})`;
    // A line for each argument, where a comma comes before a name.
    const lines = given.join(", ").split(/, (?=\w+=)/).join(",\n    ");
    const folded = line.length > 74 ? `${state.strategy}(\n    ${lines},\n)` : line;
    const one = state.lead === "all" ? "" : `, lead="${state.lead}"`;
    const used = data.names.filter((name) => {
      return name === "sample_ecg" || new RegExp(`\\b${name}\\b`).test(line);
    });
    return data.code
      .replace("{names}", used.join(", "))
      .replaceAll("{plot}", one ? "plot_lead" : "plot_12_leads")
      .replace("{strategy}", folded)
      .replace("{seed}", state.seed)
      .replace("{lead}", one);
  }

  // Page

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function makeSvg(tag, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function menu(id, choices) {
    return make(
      "select",
      { id },
      ...choices.map(([value, text]) => make("option", { value }, text)),
    );
  }

  function labelled(label, input, ...more) {
    const kind = input.type === "range" ? "range" : "select";
    const name = make("label", { for: input.id }, label);
    return make("div", { class: `explorer-${kind}` }, name, ...more, input);
  }

  const chooser = menu(
    "explorer-strategy",
    Object.keys(strategies).map((name) => [name, name]),
  );
  const about = make("p", { class: "explorer-about" });
  const presets = make("div", { class: "explorer-presets", role: "group", "aria-label": "Presets" });
  const knobs = make("div", { class: "explorer-knobs" });
  const again = make("button", { type: "button", class: "explorer-again" }, "Draw again");
  const all = make("button", { type: "button" }, `Draw all ${record.seeds}`);
  const seed = make("input", {
    id: "explorer-seed",
    type: "number",
    min: 0,
    max: record.seeds - 1,
    inputmode: "numeric",
  });
  const fixed = make("p", { class: "explorer-fixed" }, "Nothing is random: all draws are the same.");
  const drawing = make(
    "div",
    { class: "explorer-drawing" },
    again,
    all,
    labelled("Seed", seed),
  );
  const leadMenu = menu(
    "explorer-lead",
    leadChoices().map((lead) => [lead, lead === "all" ? "all leads" : `lead ${lead}`]),
  );
  const notice = make("p", { class: "explorer-notice" });
  const status = make("p", { class: "explorer-status", role: "status" });
  const lanes = make("div", { class: "explorer-lanes" });
  const names = make("div", { class: "explorer-names" });
  const canvas = make("canvas", { class: "explorer-traces" });
  const bar = make("div", { class: "explorer-bar" }, make("span", {}, "1 mV"));
  const times = make("div", { class: "explorer-times" });
  const figure = make(
    "div",
    { class: "explorer-figure", role: "img" },
    lanes,
    make("div", { class: "explorer-leads" }, names, canvas, bar, times),
  );
  const refusal = make("pre", { class: "explorer-refusal" });
  const caption = make("p", { class: "explorer-caption" });
  const curves = makeSvg("svg", {
    class: "explorer-curves",
    viewBox: `0 0 ${record.patches} 1`,
    preserveAspectRatio: "none",
    role: "img",
  });
  const visibility = make(
    "div",
    { class: "explorer-visibility" },
    caption,
    make("span", { class: "explorer-scale", "aria-hidden": "true" }, make("span", {}, "1"), make("span", {}, "0")),
    curves,
  );
  const table = make("table", { class: "explorer-numbers" });
  const source = make("pre", { tabindex: "0", role: "region", "aria-label": "Python code" });
  const copy = make("button", { type: "button" }, "Copy as Python");
  const copied = make("span", { role: "status" });
  const more = make("span", { class: "explorer-more" });

  for (let second = 0; second <= record.duration; second++) {
    const text = second === record.duration ? `${second} s` : `${second}`;
    times.append(make("span", { style: `left: ${(100 * second) / record.duration}%` }, text));
  }

  root.append(
    make(
      "div",
      { class: "explorer-settings" },
      ...(small ? [] : [labelled("Strategy", chooser), about]),
      presets,
      knobs,
      ...(small ? [] : [labelled("Show", leadMenu)]),
    ),
    make(
      "div",
      { class: "explorer-view" },
      drawing,
      fixed,
      notice,
      status,
      figure,
      refusal,
      ...(small ? [] : [visibility]),
    ),
    ...(small ? [] : [table]),
    make(
      "div",
      { class: "explorer-python" },
      make("p", {}, copy, copied, more),
      small ? make("details", {}, make("summary", {}, "Python code"), source) : source,
    ),
  );

  function showControls() {
    const data = strategies[state.strategy];
    chooser.value = state.strategy;
    leadMenu.value = state.lead;
    about.textContent = data.about;
    presets.replaceChildren(
      ...data.presets.map(({ label, at }) => {
        const button = make("button", { type: "button" }, label);
        button.addEventListener("click", () => {
          places[state.strategy] = [...at];
          showPlaces();
          change();
        });
        return button;
      }),
    );
    knobs.replaceChildren(
      ...data.controls.map((control, i) => {
        const { name, label, kind, options } = control;
        const id = `explorer-${name}`;
        // Hidden from readers of the screen: they hear it as the value of the slider.
        const value = make("span", { class: "explorer-value", "aria-hidden": "true" });
        const range = { id, type: "range", min: 0, max: options.length - 1, step: 1 };
        const input =
          kind === "range"
            ? make("input", range)
            : menu(id, options.map(({ shown }, at) => [at, shown]));
        input.addEventListener("input", () => {
          places[state.strategy][i] = Number(input.value);
          showPlaces();
          change();
        });
        return labelled(label, input, ...(kind === "range" ? [value] : []));
      }),
    );
    for (const element of [again, all, drawing.lastChild]) element.hidden = !data.random;
    fixed.hidden = data.random;
    showPlaces();
  }

  function showPlaces() {
    const data = strategies[state.strategy];
    const at = places[state.strategy];
    data.controls.forEach(({ options }, i) => {
      const input = knobs.children[i].querySelector("input, select");
      input.value = at[i];
      if (input.type !== "range") return;
      input.setAttribute("aria-valuetext", options[at[i]].shown);
      knobs.children[i].querySelector(".explorer-value").textContent = options[at[i]].shown;
    });
    data.presets.forEach((preset, i) => {
      presets.children[i].setAttribute("aria-pressed", String(preset.at.every((p, j) => p === at[j])));
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

  const patterns = makeSvg(
    "svg",
    { width: 0, height: 0, class: "explorer-patterns" },
    makeSvg(
      "defs",
      {},
      ...[
        ["M-1 7L7 -1M-1 1L1 -1M5 7L7 5", "1"],
        ["M1 1h1.6v1.6h-1.6zM4 4h1.6v1.6h-1.6z", "2"],
        ["M0 0L6 6M6 0L0 6", "3"],
      ].map(([d, id]) =>
        makeSvg(
          "pattern",
          { id: `explorer-hatch-${id}`, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
          makeSvg("path", { d, class: id === "2" ? "explorer-dots" : "explorer-hatch" }),
        ),
      ),
    ),
  );
  figure.prepend(patterns);

  function lane(name, count, ...bars) {
    return make(
      "div",
      { class: "explorer-lane", "data-lane": name },
      make("span", { class: "explorer-lane-name" }, name),
      makeSvg("svg", {}, ...bars),
      make("span", { class: "explorer-lane-count" }, ...count),
    );
  }

  function amount(rows) {
    const count = size(rows);
    return [`${count}`, make("small", {}, ` (${percent(count)})`)];
  }

  function showLanes(mask) {
    const perLead = mask.context.length > 1;
    lanes.classList.toggle("explorer-per-lead", perLead);
    const rows = perLead
      ? record.leads.map((name, i) =>
          lane(
            name,
            [`${size([mask.context[i]])}`, make("small", {}, " seen")],
            ...ROLES.flatMap((role) => bars(mask[role][i], role, 0, `explorer-clip-${role}-${i}`)),
          ),
        )
      : [
          ["context", mask.context, "context", 0],
          ...mask.targets.map((target, i) => [
            mask.targets.length > 1 ? `target ${i + 1}` : "target",
            target,
            "target",
            i % 4,
          ]),
          ["ignored", mask.ignored, "ignored", 0],
        ].map(([name, row, role, hatch], i) =>
          lane(name, amount(row), ...bars(row[0], role, hatch, `explorer-clip-${i}`)),
        );
    lanes.replaceChildren(...rows);
  }

  // Traces: each role has a picture of all traces in its style, from which pieces are taken. What
  // is cut at the border of a patch therefore fits without a gap.

  let view;

  function colour(name) {
    return getComputedStyle(root).getPropertyValue(`--ecg-${name}`).trim();
  }

  function layOut() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    const rows = state.lead === "all" ? record.leads.map((_, i) => i) : [record.leads.indexOf(state.lead)];
    let level = 0;
    const stack = rows.map((row) => {
      const highest = Math.max(...signal[row]);
      const lowest = Math.min(...signal[row]);
      const spare = Math.max(LEAST_ROW - (highest - lowest), 0) / 2 + 0.1;
      const top = level;
      level += highest - lowest + 2 * spare;
      return { row, trace: signal[row], top, bottom: level, zero: top + highest + spare };
    });
    for (const each of stack) {
      for (const edge of ["top", "bottom", "zero"]) each[edge] /= level;
    }
    view = { ratio, width, height, level, stack, layers: {} };
    canvas.width = width;
    canvas.height = height;
    names.replaceChildren(
      ...stack.map(({ row, zero }) => make("span", { style: `top: ${100 * zero}%` }, record.leads[row])),
    );
    bar.style.height = `${100 / level}%`;
  }

  function layerOf(role) {
    if (view.layers[role]) return view.layers[role];
    const { ratio, width, height, level, stack } = view;
    const layer = make("canvas", { width, height });
    const pen = layer.getContext("2d");
    pen.strokeStyle = colour(`${role}-line`);
    pen.lineWidth = (stack.length > 1 ? 1.1 : 1.4) * ratio;
    pen.lineJoin = "round";
    if (role === "ignored") pen.setLineDash([1.2 * ratio, 1.8 * ratio]);
    for (const { trace, zero } of stack) {
      pen.beginPath();
      trace.forEach((value, i) => {
        pen.lineTo((i / trace.length) * width, (zero - value / level) * height);
      });
      pen.stroke();
    }
    view.layers[role] = layer;
    return layer;
  }

  function showTraces(mask) {
    const { ratio, width, height, stack } = view;
    const pen = canvas.getContext("2d");
    const x = (patch) => Math.round((patch * width) / record.patches);
    const shared = mask.context.length === 1;
    const bands = shared
      ? [{ lead: 0, top: 0, bottom: height }]
      : stack.map(({ row, top, bottom }) => ({
          lead: row,
          top: Math.round(top * height),
          bottom: Math.round(bottom * height),
        }));
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = colour("grid");
    for (let box = 0; box * LARGE_BOX <= record.duration; box++) {
      const at = Math.round((box * LARGE_BOX * width) / record.duration);
      pen.fillRect(Math.min(at, width - 1), 0, Math.max(1, Math.round(ratio / 2)), height);
    }
    pen.fillStyle = colour("target");
    const dark = document.documentElement.dataset.theme === "dark";
    pen.globalAlpha = record.tint[dark ? "dark" : "light"];
    for (const target of mask.targets) {
      for (const { lead, top, bottom } of bands) {
        for (const [first, end] of target[lead]) {
          pen.fillRect(x(first), top, x(end) - x(first), bottom - top);
        }
      }
    }
    pen.globalAlpha = 1;
    for (const role of ROLES) {
      for (const { lead, top, bottom } of bands) {
        for (const [first, end] of mask[role][lead]) {
          const piece = [x(first), top, x(end) - x(first), bottom - top];
          if (piece[2] && piece[3]) pen.drawImage(layerOf(role), ...piece, ...piece);
        }
      }
    }
  }

  // Numbers

  function showTable(mask) {
    const cell = (tag, ...content) => make(tag, tag === "th" ? { scope: "row" } : {}, ...content);
    const time = (patches) => {
      const seconds = (patches * record.duration) / record.patches;
      return [
        `${Math.round(1000 * seconds)} ms`,
        make("br"),
        make("small", {}, `${(seconds / record.beat).toFixed(1)} beats`),
      ];
    };
    const rows = ROLES.map((role) => {
      const runs = mask[role].flat().map(([first, end]) => end - first);
      const count = size(mask[role]);
      return make(
        "tr",
        {},
        cell("th", make("span", { class: `explorer-swatch explorer-swatch-${role}` }), role),
        cell("td", `${count}`, make("br"), make("small", {}, percent(count))),
        cell("td", `${runs.length}`),
        cell("td", ...(runs.length ? time(count / runs.length) : ["–"])),
        cell("td", ...(runs.length ? time(Math.max(...runs)) : ["–"])),
      );
    });
    const head = ["Patches", "Runs", "Mean run", "Longest"].map((text) => make("th", { scope: "col" }, text));
    table.replaceChildren(
      make("thead", {}, make("tr", {}, make("td"), ...head)),
      make("tbody", {}, ...rows),
    );
  }

  function showCurves(draws) {
    const drawn = [...seeds].map((seed) => draws[seed]);
    const curve = (role) => {
      const change = new Float64Array(record.patches + 1);
      for (const mask of drawn) {
        for (const [first, end] of mask[role].flat()) {
          change[first]++;
          change[end]--;
        }
      }
      let sum = 0;
      return Array.from(change.subarray(0, -1), (step) => (sum += step));
    };
    const rows = drawn.length * drawn[0].context.length;
    const context = curve("context");
    const path = (counts, role) => {
      const d = counts.map((n, i) => `${i ? "V" : "M0 "}${1 - n / rows}H${i + 1}`).join("");
      return makeSvg("path", { d, class: `explorer-curve-${role}` });
    };
    curves.replaceChildren(path(curve("target"), "target"), path(context, "context"));
    const many = drawn.length === 1 ? "1 draw" : `${drawn.length} draws`;
    caption.replaceChildren(
      "How often each patch is ",
      make("span", { class: "explorer-key-context" }, "seen"),
      " and ",
      make("span", { class: "explorer-key-target" }, "predicted"),
      `, over ${many}`,
    );
    const middle = context[record.patches / 2];
    curves.setAttribute(
      "aria-label",
      `The first patch is seen in ${context[0]} of ${rows} masks, the middle one in ${middle} and ` +
        `the last one in ${context.at(-1)}.`,
    );
  }

  // Changes

  function show() {
    const data = strategies[state.strategy];
    const drawn = data.drawn[data.masks[setting()]];
    const refused = drawn.startsWith("!");
    for (const element of [figure, visibility, table]) element.hidden = refused;
    refusal.hidden = !refused;
    seed.value = state.seed;
    source.textContent = code();
    showMore();
    if (refused) {
      refusal.textContent = drawn.slice(1);
      status.textContent = "The package refuses this setting:";
      return;
    }
    const draws = drawsOf(state.strategy, setting());
    const mask = draws[state.seed];
    status.textContent = `${data.random ? `Seed ${state.seed}: ` : ""}${mask.counts}`;
    figure.setAttribute("aria-label", sentence(mask));
    showLanes(mask);
    // Laid out when the page was, or now if the figure was hidden then.
    if (!view?.width) layOut();
    if (view.width) showTraces(mask);
    if (small) return;
    showTable(mask);
    showCurves(draws);
  }

  function showMore() {
    const links = [];
    if (pages[state.strategy] && !small) {
      links.push(make("a", { href: pages[state.strategy] }, `${state.strategy} in the gallery`));
    }
    if (root.dataset.explorer) {
      links.push(make("a", { href: root.dataset.explorer + address() }, "Open in the mask explorer"));
    }
    more.replaceChildren(...links);
  }

  function change() {
    seeds.add(state.seed);
    notice.replaceChildren();
    show();
    writeAddress();
  }

  chooser.addEventListener("change", () => {
    state.strategy = chooser.value;
    showControls();
    change();
  });
  leadMenu.addEventListener("change", () => {
    state.lead = leadMenu.value;
    showLeads();
    change();
  });
  again.addEventListener("click", () => {
    state.seed = (state.seed + 1) % record.seeds;
    change();
  });
  all.addEventListener("click", () => {
    for (let i = 0; i < record.seeds; i++) seeds.add(i);
    change();
  });
  seed.addEventListener("change", () => {
    const wanted = Math.round(Number(seed.value));
    state.seed = Math.min(Math.max(wanted, 0), record.seeds - 1);
    change();
  });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code());
      copied.textContent = "Copied";
    } catch {
      // Not every browser lets a page from a disk write to the clipboard.
      getSelection().selectAllChildren(source);
      copied.textContent = "Selected: press Ctrl+C to copy";
    }
    setTimeout(() => copied.replaceChildren(), 3000);
  });

  function showLeads() {
    root.classList.toggle("mask-explorer-one-lead", state.lead !== "all");
    view = null;
  }

  function drawAfresh() {
    view = null;
    show();
  }

  const unknown = readAddress();
  if (unknown.length) notice.textContent = `Not known here, so left out: ${unknown.join(", ")}.`;
  seeds.add(state.seed);
  showLeads();
  showControls();
  show();
  new MutationObserver(drawAfresh).observe(document.documentElement, {
    attributeFilter: ["data-theme"],
  });
  window.matchMedia("print").addEventListener("change", drawAfresh);
  let width = canvas.clientWidth;
  new ResizeObserver(() => {
    if (canvas.clientWidth === width) return;
    width = canvas.clientWidth;
    drawAfresh();
  }).observe(canvas);
})();
