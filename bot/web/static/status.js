// Draws what /events sends. All text is set as text, so that nothing of it is read as markup.
"use strict";

const RETRY_MS = 10000;
const MOST_WORDS = { device: "on", memory: "waits in memory", disk: "not loaded", process: "in a process of its own" };
const STAGES = {
  starting: "Starting",
  waiting: "Waiting",
  downloading: "Downloading",
  loading: "Loading the model",
  fitting: "Fitting a face",
  rendering: "Step",
};

const at = (id) => document.getElementById(id);

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function row(cells, name = "td") {
  const made = element("tr");
  for (const cell of cells) {
    const number = typeof cell === "object" && cell.number !== undefined;
    const box = element(name, number ? cell.number : typeof cell === "object" ? undefined : cell, number ? "number" : "");
    if (typeof cell === "object" && !number) box.append(...(Array.isArray(cell) ? cell : [cell]));
    made.append(box);
  }
  return made;
}

function table(heads, rows) {
  const made = element("table");
  const head = element("thead");
  head.append(row(heads, "th"));
  const body = element("tbody");
  body.append(...rows);
  made.append(head, body);
  return made;
}

const none = (text) => element("p", text, "none");
const count = (number) => number.toLocaleString();
const dollars = (number) => number.toLocaleString("en-US", { style: "currency", currency: "USD" });
const gib = (bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

function ago(epoch) {
  const seconds = Math.max(0, Math.round(Date.now() / 1000 - epoch));
  if (seconds < 90) return `${seconds}\u00a0s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}\u00a0min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)}\u00a0h`;
  return `${Math.round(seconds / 86400)}\u00a0days`;
}

// Times that pass are written anew each second, without anything being sent.
function since(epoch, before = "", after = "") {
  const made = element("span", `${before}${ago(epoch)}${after}`);
  Object.assign(made.dataset, { since: epoch, before, after });
  return made;
}

function progressOf(job) {
  const bar = element("progress");
  bar.setAttribute("aria-label", STAGES[job.stage]);
  if (job.steps) {
    bar.max = job.steps;
    bar.value = job.step;
  }
  return bar;
}

function stageOf(job) {
  if (job.stage === "rendering") return job.steps ? `Step ${job.step} of ${job.steps}` : "Being made";
  if (job.stage === "fitting" && job.steps) return `Fitting a face, ${job.step} of ${job.steps}`;
  return STAGES[job.stage];
}

function frame(job) {
  const made = element("div", undefined, "frame");
  const picture = element("div", undefined, "picture");
  if (job.preview) {
    const image = element("img");
    image.src = `previews/${job.preview}`;
    image.alt = `Preview of ${job.job}`;
    image.onerror = () => picture.replaceChildren(element("span", "No preview"));
    picture.append(image);
  } else {
    picture.append(element("span", "No preview"));
  }
  const model = element("p", job.model);
  const ordered = element("p", undefined, "faint");
  ordered.append("Ordered ", since(job.since, "", " ago"));
  const said = element("div");
  const shape = element("p", `${job.shape[0]}×${job.shape[1]}, ${job.lane} lane`, "faint");
  said.append(element("p", stageOf(job)), progressOf(job), model, shape, ordered, element("p", job.job, "id"));
  made.append(picture, said);
  return made;
}

function drawNow(state) {
  const frames = state.running.map(frame);
  at("now").replaceChildren(...(frames.length ? frames : [none("Nothing is being made.")]));
}

function drawQueue(state) {
  const queue = state.queue;
  const waiting = queue.jobs.length + queue.more;
  const lanes = Object.entries(queue.lanes).filter(([, jobs]) => jobs).map(([lane, jobs]) => `${count(jobs)} ${lane}`);
  at("queue-count").textContent = waiting ? lanes.join(", ") : "";
  if (!waiting) return at("queue").replaceChildren(none("Nobody waits."));
  const rows = queue.jobs.map((job) => row([
    { number: job.downloading ? "…" : job.place },
    [element("div", job.model), element("div", job.job, "id")],
    [element("span", job.downloading ? "downloads" : job.lane, "tag")],
    [job.since ? since(job.since) : "…"],
  ]));
  const drawn = [table([{ number: "#" }, "Model", "Lane", "Waits"], rows)];
  if (queue.more) drawn.push(none(`and ${count(queue.more)} more`));
  return at("queue").replaceChildren(...drawn);
}

function drawToday(state) {
  const today = state.today;
  const figures = { Portraits: today.portraits, Orders: today.orders, Credits: today.credits, Failed: today.failed,
    Cancelled: today.cancelled, Refused: today.refused };
  at("today").replaceChildren(...Object.entries(figures).map(([name, number]) => {
    const made = element("div");
    made.append(element("dt", name), element("dd", count(number)));
    return made;
  }));
  const rows = today.models.map((one) => row([one.title, { number: count(one.portraits) }, { number: count(one.failed) }]));
  at("today-models").replaceChildren(
    ...(rows.length ? [table(["Model", { number: "Portraits" }, { number: "Failed" }], rows)] : []));
}

function whereOf(where) {
  if (where.place === "hosted") return `at ${where.at}`;
  if (where.place === "device") {
    const beside = where.beside ? `, ${gib(where.beside)} beside it` : "";
    return `on ${where.at}, ${gib(where.bytes)}${beside}`;
  }
  if (where.place === "memory" && where.at === "cpu") return `in memory, ${gib(where.bytes)}`;
  return MOST_WORDS[where.place] + (where.bytes ? `, ${gib(where.bytes)}` : "");
}

function drawModels(state) {
  at("cards").replaceChildren(...state.cards.map((card) => {
    const made = element("p", `${card.device}: ${gib(card.used)} of ${gib(card.total)} in use`, "card");
    const bar = element("progress");
    bar.max = card.total;
    bar.value = card.used;
    bar.setAttribute("aria-label", `Memory of ${card.device}`);
    made.append(bar);
    return made;
  }));
  at("models").replaceChildren(table(["Model", "Where it is"], state.models.map((model) => {
    const title = [model.title];
    if (model.default) title.push(" ", element("span", "default", "tag"));
    const places = model.where.map((where) => element("div", whereOf(where)));
    if (model.why_not) places.push(element("div", `set aside: ${model.why_not}`, "bad"));
    return row([title, places]);
  })));
}

function drawMoney(state) {
  at("money-section").hidden = !state.money.length;
  at("money").replaceChildren(table(["Provider", { number: "24 hours" }, { number: "Today" }, { number: "Month" }],
    state.money.map((one) => {
      const limit = one.limit === null ? "" : ` of ${dollars(one.limit)}`;
      return row([one.provider, { number: dollars(one.last_day) + limit }, { number: dollars(one.today) },
        { number: dollars(one.month) }]);
    })));
}

function drawErrors(state) {
  if (!state.errors.length) return at("errors").replaceChildren(none("None since the start."));
  const list = element("ul", undefined, "errors");
  list.append(...state.errors.map((error) => {
    const made = element("li");
    const facts = element("p", undefined, "faint");
    const level = element("span", error.level.toLowerCase(), error.level === "WARNING" ? "" : "bad");
    facts.append(level, ` · ${error.where} · `, since(error.at, "", " ago"));
    if (error.job) facts.append(" · ", element("span", error.job, "id"));
    made.append(facts, element("p", error.text));
    return made;
  }));
  return at("errors").replaceChildren(list);
}

function drawHead(state) {
  const wrong = Object.entries(state.parts).filter(([, word]) => word !== "ok");
  const said = wrong.map(([part, word]) => `${part} ${word}`).join(", ");
  tell(state.ready ? `In order, in ${count(state.servers)} ${state.servers === 1 ? "server" : "servers"}` : said,
    state.ready ? "good" : "bad");
  at("foot").replaceChildren(since(state.since, "Running for "), ` · ${gib(state.disk_free)} free on the disk · `,
    `event loop at most ${count(state.lag_ms)} ms late in the last minute`);
}

function tell(text, kind = "") {
  const state = at("state");
  if (state.textContent !== text) state.textContent = text;
  state.className = `state ${kind}`;
}

function draw(state) {
  for (const part of [drawHead, drawNow, drawQueue, drawToday, drawModels, drawMoney, drawErrors]) part(state);
  at("page").hidden = false;
}

function follow() {
  const events = new EventSource("events");
  events.onmessage = (event) => draw(JSON.parse(event.data));
  events.onerror = () => {
    tell("The bot does not answer; what is below is of before.", "bad");
    if (events.readyState !== EventSource.CLOSED) return;
    // It said no: the session may be over, then the page itself says so.
    setTimeout(async () => {
      const asked = await fetch("./", { cache: "no-store" }).catch(() => null);
      if (asked && asked.status === 401) location.reload();
      else follow();
    }, RETRY_MS);
  };
}

setInterval(() => {
  for (const one of document.querySelectorAll("[data-since]")) {
    one.textContent = `${one.dataset.before}${ago(Number(one.dataset.since))}${one.dataset.after}`;
  }
}, 1000);
follow();
