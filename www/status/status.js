// SPDX-License-Identifier: GPL-2.0-only
// Reads the metrics of the server once a second, and draws the last minutes.
"use strict";

const PATH = new URLSearchParams(location.search).get("path") || "/metrics";
const SECONDS = 1;
const POINTS = 180;
const [WIDTH, HEIGHT] = [POINTS - 1, 100];

// The lines of each chart: name, color, and the value out of the samples of two pages.
const sum = (page, name, test = () => true) =>
  page.samples.filter((s) => s.name === name && test(s.labels)).reduce((all, s) => all + s.value, 0);
const rate = (name, test) => (now, before) =>
  Math.max(0, sum(now, name, test) - sum(before, name, test)) / (now.time - before.time);
const status = (digit) => rate("khttpd_responses_total", (labels) => labels.code.startsWith(digit));
const state = (...states) => (now) =>
  sum(now, "khttpd_connections", (labels) => states.includes(labels.state));
const CHARTS = {
  requests: [["all", "--in", rate("khttpd_responses_total")]],
  bytes: [["all", "--out", rate("khttpd_sent_bytes_total")]],
  connections: [
    ["all", "--ink", (now) => sum(now, "khttpd_connections", (labels) => labels.state !== "closed")],
    ["sending", "--out", state("sending")],
    ["idle", "--in", state("idle")],
  ],
  statuses: [
    ["2xx", "--ok", status("2")],
    ["3xx", "--moved", status("3")],
    ["4xx", "--client", status("4")],
    ["5xx", "--server", status("5")],
  ],
};

const find = (id) => document.getElementById(id);
const points = [];
let before = null;

// Parses a page in Prometheus' text format.
function parse(text, time) {
  const sample = /^(\w+)(?:\{(.*)\})? ([-+.\deE]+)$/;
  const label = /(\w+)="((?:[^"\\]|\\.)*)"/g;
  const samples = text.split("\n").map((line) => sample.exec(line)).filter(Boolean);
  return {
    time,
    samples: samples.map(([, name, labels, value]) => ({
      name,
      labels: Object.fromEntries([...(labels || "").matchAll(label)].map((l) => [l[1], l[2]])),
      value: Number(value),
    })),
  };
}

// Returns a number in three digits with the prefix of its unit.
function short(value) {
  const prefixes = ["", " k", " M", " G", " T"];
  let step = 0;
  for (; value >= 999.5 && step < prefixes.length - 1; step += 1) value /= 1000;
  const digits = value >= 99.5 || Number.isInteger(value) ? 0 : value >= 9.95 ? 1 : 2;
  return value.toFixed(digits) + prefixes[step];
}

// Returns an element of a drawing.
function element(name, attributes, parent) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  parent.append(made);
  return made;
}

// Makes what does not change in a chart.
function prepare(figure) {
  const lines = CHARTS[figure.dataset.chart];
  const svg = element("svg", {
    viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`, preserveAspectRatio: "none", role: "img",
    "aria-label": figure.querySelector("figcaption").textContent,
  }, figure);
  for (const y of [0, HEIGHT / 2, HEIGHT]) {
    element("line", { class: "grid", x1: 0, x2: WIDTH, y1: y, y2: y }, svg);
  }
  for (const [, color] of lines) {
    const group = element("g", { style: `color: var(${color})` }, svg);
    if (lines.length === 1) element("polygon", { class: "area" }, group);
    element("polyline", { class: "line" }, group);
  }
  const scale = figure.appendChild(document.createElement("div"));
  scale.className = "scale";
  scale.append(document.createElement("span"), document.createElement("span"));
  const legend = figure.appendChild(document.createElement("ul"));
  legend.className = "legend";
  legend.hidden = lines.length === 1;
  for (const [name, color] of lines) {
    const item = legend.appendChild(document.createElement("li"));
    item.style.color = `var(${color})`;
    item.append(document.createElement("b"));
    item.dataset.line = name;
  }
}

// Draws a chart anew.
function draw(figure) {
  const name = figure.dataset.chart;
  const rows = points.map((point) => point[name]);
  const top = Math.max(1, ...rows.flat());
  const first = POINTS - rows.length;
  CHARTS[name].forEach(([line], index) => {
    const path = rows.map((row, at) => `${first + at},${HEIGHT * (1 - row[index] / top)}`);
    const group = figure.querySelectorAll("svg g")[index];
    const area = group.querySelector("polygon");
    if (area) area.setAttribute("points", [`${first},${HEIGHT}`, ...path, `${WIDTH},${HEIGHT}`].join(" "));
    group.querySelector("polyline").setAttribute("points", path.join(" "));
    const value = rows[rows.length - 1][index];
    figure.querySelectorAll(".legend b")[index].textContent = `${line} ${short(value)}`;
    if (index === 0 && find(name)) {
      find(name).value = short(value);
      find(name).dataset.value = value;
    }
  });
  const [left, right] = figure.querySelectorAll(".scale span");
  left.textContent = `${Math.ceil(POINTS * SECONDS / 60)} minutes`;
  right.textContent = `top: ${short(top)}`;
}

// Shows either the charts or what to do.
function show(text, hasMetrics) {
  find("state").textContent = text;
  find("charts").hidden = !hasMetrics && points.length === 0;
  find("help").hidden = hasMetrics;
}

async function read() {
  try {
    const response = await fetch(PATH, { cache: "no-store" });
    const text = await response.text();
    if (!response.ok || !text.includes("\nkhttpd_responses_total")) {
      return show(`There are no metrics at ${PATH} (status ${response.status}).`, false);
    }
    const now = parse(text, performance.now() / 1000);
    if (before) {
      const point = Object.entries(CHARTS).map(([name, lines]) =>
        [name, lines.map(([, , value]) => value(now, before))]);
      points.push(Object.fromEntries(point));
      points.splice(0, points.length - POINTS);
      document.querySelectorAll("figure").forEach(draw);
    }
    before = now;
    const build = now.samples.find((s) => s.name === "khttpd_build_info");
    find("build").textContent = `khttpd ${build ? build.labels.version : ""}, metrics at ${PATH}`;
    show("The last minutes of this server, read once a second.", true);
  } catch (error) {
    before = null;
    find("state").textContent = `The server does not answer: ${error.message}.`;
  }
}

find("path").textContent = PATH;
document.querySelectorAll("figure").forEach(prepare);
(async () => {
  for (;;) {
    if (!document.hidden) await read();
    await new Promise((done) => setTimeout(done, SECONDS * 1000));
  }
})();
