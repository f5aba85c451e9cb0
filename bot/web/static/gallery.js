// One member's gallery. All text is set as text, so that nothing of it is read as markup; the sentences come from
// texts.json, the pictures and their recipes from the server, page by page.
"use strict";

const AGAIN_MS = 1500;
const TRIES = 4;
const TYPED_MS = 300;
const AHEAD = "1200px";

const at = (id) => document.getElementById(id);
let texts = {};
let seen = { view: "portraits", words: "", character: "", model: "", series: "" };
let list = { run: 0, after: null, ended: true, loading: false, found: 0, ids: [] };
let overview = { count: 0, models: [], characters: [] };
let chosen = [];
const known = new Map();

function say(name, places = {}) {
  return (texts[name] || name).replace(/\{([a-z]+)\}/g, (whole, place) => (place in places ? String(places[place]) : whole));
}

function element(name, kind, ...inside) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...inside.filter((one) => one !== null && one !== undefined));
  return made;
}

function button(text, kind, act) {
  const made = element("button", kind, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function link(text, kind, href) {
  const made = element("a", kind, text);
  made.href = href;
  return made;
}

// English as the browser writes it: dates differ from country to country.
const spoken = document.documentElement.lang === "en" ? undefined : document.documentElement.lang;
const count = (number) => number.toLocaleString(spoken);
const dateOf = (epoch) => new Date(epoch * 1000).toLocaleDateString(spoken, { dateStyle: "medium" });
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

class Told extends Error {}

// Asks the server; says what went wrong in its own words. A session that is over leads to the door.
async function ask(path, change) {
  const parts = change === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(change),
  };
  for (let tried = 1; ; tried += 1) {
    const answer = await fetch(path, parts).catch(() => null);
    if (answer && answer.ok) return answer.json();
    if (answer && answer.status === 401) {
      location.reload();
      throw new Told(say("over"));
    }
    if (change === undefined && answer && answer.status === 429 && tried < TRIES) {
      await pause(AGAIN_MS * tried);
    } else {
      const told = answer ? await answer.json().catch(() => ({})) : {};
      throw new Told(told.error || say("failed"));
    }
  }
}

function tell(text) {
  if (at("said").textContent !== text) at("said").textContent = text;
}

function image(src, alt, lazy) {
  const made = element("img");
  made.alt = alt;
  made.decoding = "async";
  if (lazy) made.loading = "lazy";
  let tried = 0;
  made.addEventListener("error", async () => {
    tried += 1;
    if (tried >= TRIES) return made.replaceWith(element("span", "none", say("no_picture")));
    await pause(AGAIN_MS * tried);
    made.src = src;
    return undefined;
  });
  made.src = src;
  return made;
}

// ---- What is looked at, in the page's address, so that Back and a reload come to the same.

function read() {
  const query = new URLSearchParams(location.search);
  for (const name of Object.keys(seen)) seen[name] = query.get(name) || "";
  if (!["characters", "series"].includes(seen.view)) seen.view = "portraits";
}

function address(changed = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...seen, ...changed })) {
    if (value && !(name === "view" && value === "portraits")) query.set(name, value);
  }
  return query.size ? `?${query}` : location.pathname;
}

function go(changed, { replace = false } = {}) {
  const where = address(changed);
  if (replace) history.replaceState(null, "", where);
  else history.pushState(null, "", where);
  show();
}

function only(changed) {
  return { view: "portraits", words: "", character: "", model: "", series: "", ...changed };
}

function show() {
  read();
  for (const one of document.querySelectorAll("nav a")) {
    if (one.dataset.view === seen.view) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  at("seek").hidden = seen.view !== "portraits";
  if (document.activeElement !== at("words")) at("words").value = seen.words;
  at("character").value = seen.character;
  at("model").value = seen.model;
  list = { run: list.run + 1, after: null, ended: false, loading: false, found: 0, ids: [] };
  at("results").replaceChildren();
  at("more").hidden = true;
  at("clear").hidden = !isSought();
  showChosen();
  tell(say("loading"));
  return more();
}

const isSought = () => Boolean(seen.words || seen.character || seen.model || seen.series);

// ---- The list: the next page is asked for before its end is reached.

const VIEWS = { portraits: morePortraits, characters: moreCharacters, series: moreSeries };

async function more() {
  if (list.loading || list.ended) return;
  const { run } = list;
  list.loading = true;
  try {
    await VIEWS[seen.view](run);
  } catch (error) {
    if (run === list.run) {
      list.ended = false;
      at("more").hidden = false;
      tell(error instanceof Told ? error.message : say("failed"));
    }
    return;
  } finally {
    if (run === list.run) list.loading = false;
  }
  if (run === list.run) {
    at("more").hidden = list.ended;
    if (!list.ended && isNear()) more();
  }
}

let endIsNear = false;
const isNear = () => endIsNear;

async function morePortraits(run) {
  const query = new URLSearchParams();
  for (const name of ["words", "character", "model", "series"]) if (seen[name]) query.set(name, seen[name]);
  if (list.after !== null) query.set("before", list.after);
  const found = await ask(`portraits.json?${query}`);
  if (run !== list.run) return;
  list.after = found.after;
  list.ended = found.after === null;
  list.found += found.portraits.length;
  list.ids.push(...found.portraits.map((one) => one.id));
  if (found.portraits.length) {
    const page = element("ol", "tiles", ...found.portraits.map(tile));
    at("results").append(page);
  }
  tellFound();
  if (list.ended && !list.found) {
    at("results").append(element("p", "none", say(isSought() ? "nothing_found" : "no_portraits")));
  }
}

function tellFound() {
  const series = seen.series ? `${say("of_series")} ` : "";
  if (!isSought()) tell(say("count", { count: count(overview.count) }));
  else tell(series + say(list.ended ? "found" : "found_so_far", { count: count(list.found) }));
}

function tile(one) {
  known.set(one.id, one);
  const made = element("li", "tile");
  made.dataset.id = one.id;
  const model = element("span", "", `${say("number", { number: one.id })} · ${one.model}`);
  const under = element("div", "under", element("span", "summary", one.summary), element("div", "foot", model, picker(one.id)));
  made.append(pictureLink(one, one.alt), under);
  return made;
}

function pictureLink(one, alt) {
  const made = link("", `picture${one.spoiler ? " spoiler" : ""}`, `#no-${one.id}`);
  made.append(image(`portraits/${one.id}/thumbnail`, one.spoiler ? "" : alt, true));
  if (one.spoiler) {
    made.append(element("span", "cover", say("hidden")));
    made.setAttribute("aria-label", say("open_hidden", { number: one.id }));
  }
  return made;
}

function picker(id) {
  const box = element("input");
  box.type = "checkbox";
  box.checked = chosen.includes(id);
  box.dataset.pick = id;
  box.setAttribute("aria-label", say("choose_number", { number: id }));
  box.addEventListener("change", () => choose(id, box.checked));
  return element("label", "pick", box, say("choose"));
}

async function moreCharacters(run) {
  const found = await ask("characters.json");
  if (run !== list.run) return;
  list.ended = true;
  tell(say("count_characters", { count: count(found.characters.length) }));
  at("results").append(...found.characters.map(character));
  at("results").append(element("p", "none", say(found.characters.length ? "delete_character_how" : "no_characters")));
}

function character(one) {
  const facts = [
    say("character_uses", { count: count(one.portraits) }),
    one.versions > 1 ? say("character_versions", { count: one.versions }) : "",
    one.shared ? say("shared") : "",
  ].filter(Boolean);
  const act = one.portraits ? button(say("show_portraits"), "quiet", () => go(only({ character: one.id }))) : null;
  const head = element("div", "row", element("h2", "", `@${one.handle}`), act);
  const faces = element("ul", "strip", ...one.faces.map((id, index) => {
    const frame = element("span", "picture", image(`faces/${id}/thumbnail`, index ? "" : one.alt, true));
    return element("li", "", frame);
  }));
  const said = element("p", "small-print", facts.join(" · "));
  return element("section", "block", head, faces, one.description ? element("p", "small-print", one.description) : null, said);
}

async function moreSeries(run) {
  const found = await ask(`series.json${list.after ? `?before=${encodeURIComponent(list.after)}` : ""}`);
  if (run !== list.run) return;
  list.after = found.after;
  list.ended = found.after === null;
  list.found += found.series.length;
  tell(say("count_series", { count: count(list.found) }));
  at("results").append(...found.series.map(aSeries));
  if (list.ended && !list.found) at("results").append(element("p", "none", say("no_series")));
}

function aSeries(one) {
  const title = say("series_title", { what: one.varies, date: dateOf(one.made) });
  const act = button(say("show_series"), "quiet", () => go(only({ series: one.id })));
  const frames = element("ol", "strip", ...one.frames.map((frame) => element(
    "li", "", pictureLink(frame, `${title}: ${frame.label}`), element("span", "label", frame.label))));
  const said = element("p", "small-print", say("frames", { count: one.count }));
  return element("section", "block", element("div", "row", element("h2", "", title), act), frames, said);
}

// ---- One portrait.

const NEAR_END = 4;
let openId = null;
let asked = 0;
let turned = "";

function fromHash() {
  const found = /^#no-([0-9]{1,18})$/.exec(location.hash);
  return found ? Number(found[1]) : null;
}

function leaveHash() {
  history.replaceState(null, "", location.pathname + location.search);
}

async function open() {
  const id = fromHash();
  if (id === null) return at("detail").close();
  openId = id;
  asked += 1;
  const mine = asked;
  let one;
  try {
    one = await ask(`portraits/${id}.json`);
  } catch (error) {
    leaveHash();
    at("detail").close();
    return tell(error instanceof Told ? error.message : say("failed"));
  }
  if (mine !== asked) return undefined;
  known.set(id, one);
  at("detail").replaceChildren(head(one), element("div", "parts", large(one), about(one)));
  if (!at("detail").open) at("detail").showModal();
  at("detail").scrollTop = 0;
  // Whoever turns with the keyboard goes on turning.
  const again = turned && at("detail").querySelector(`[data-turn="${turned}"]:enabled`);
  if (again) again.focus();
  turned = "";
  return undefined;
}

function head(one) {
  const title = element("h2", "", say("number", { number: one.id }));
  title.id = "detail-title";
  const here = list.ids.indexOf(one.id);
  const turn = (name, to) => {
    const made = button(say(name), "quiet", () => {
      turned = name;
      location.replace(`#no-${list.ids[to]}`);
    });
    made.dataset.turn = name;
    made.disabled = here < 0 || to < 0 || to >= list.ids.length;
    return made;
  };
  if (here >= list.ids.length - NEAR_END && seen.view === "portraits") more();
  const close = button(say("close"), "quiet", () => at("detail").close());
  return element("div", "head", title, turn("newer", here - 1), turn("older", here + 1), close);
}

function large(one) {
  const frame = element("div", "large");
  const reveal = () => {
    const made = image(`portraits/${one.id}/picture`, one.alt, false);
    [made.width, made.height] = one.size;
    frame.replaceChildren(made);
  };
  if (one.spoiler) frame.append(button(say("show_hidden"), "quiet", reveal));
  else reveal();
  return frame;
}

function facts(parts) {
  return element("dl", "", ...parts.flatMap((part) => [element("dt", "", part.title), element("dd", "", part.text)]));
}

function about(one) {
  const made = element("div", "");
  made.append(element("h3", "", say("recipe")), facts(one.recipe));
  const date = { title: say("date"), text: dateOf(one.made) };
  made.append(element("h3", "", say("made")), facts([date, ...one.facts]));
  if (one.note) made.append(element("p", "small-print", say("note", { note: one.note })));
  made.append(element("h3", "", say("again")), ...again(one));
  made.append(element("h3", "", say("files")), ...downloads(one), element("h3", "", say("more_acts")), acts(one));
  return made;
}

function again(one) {
  if (!one.command) return [element("p", "small-print", say("edited"))];
  const text = element("textarea");
  text.readOnly = true;
  text.rows = 6;
  text.value = one.command;
  text.setAttribute("aria-label", say("again"));
  const told = element("span", "small-print");
  told.setAttribute("role", "status");
  const copy = button(say("copy"), "quiet", async () => {
    const copied = await navigator.clipboard.writeText(one.command).then(() => true, () => false);
    if (!copied) text.select();
    told.textContent = say(copied ? "copied" : "not_copied");
  });
  return [element("p", "small-print", say("again_how")), text, element("div", "row", copy, told)];
}

function downloads(one) {
  const picture = link(say("download"), "button quiet", `portraits/${one.id}/picture?download`);
  const recipe = link(say("download_recipe"), "button quiet", `portraits/${one.id}/recipe.json`);
  return [element("div", "acts", picture, recipe), element("p", "small-print", say("marked"))];
}

function acts(one) {
  const made = element("div", "acts");
  if (one.link) {
    const discord = link(say("discord"), "button quiet", one.link);
    discord.target = "_blank";
    discord.rel = "noopener noreferrer";
    made.append(discord);
  }
  if (one.series) {
    made.append(button(say("its_series"), "quiet", () => {
      at("detail").close();
      go(only({ series: one.series }));
    }));
  }
  made.append(picker(one.id), button(say("delete"), "danger", () => askToDelete(one.id)));
  return made;
}

// ---- Deleting.

function askToDelete(id) {
  const title = element("h2", "", say("delete_title", { number: id }));
  title.id = "sure-title";
  const told = element("p", "bad");
  told.setAttribute("role", "alert");
  const yes = button(say("delete_yes"), "danger sure", async () => {
    yes.disabled = true;
    try {
      const done = await ask(`portraits/${id}/delete`, {});
      forget(id);
      at("sure").close();
      at("detail").close();
      at("results").focus();
      tell(say(done.message ? "deleted" : "deleted_not_message", { number: id }));
    } catch (error) {
      yes.disabled = false;
      told.textContent = error instanceof Told ? error.message : say("failed");
    }
  });
  const no = button(say("delete_no"), "quiet", () => at("sure").close());
  at("sure").replaceChildren(title, element("p", "", say("delete_text")), told, element("div", "row", no, yes));
  at("sure").showModal();
  no.focus();
}

function forget(id) {
  known.delete(id);
  overview.count = Math.max(0, overview.count - 1);
  list.found = Math.max(0, list.found - 1);
  list.ids = list.ids.filter((one) => one !== id);
  choose(id, false);
  for (const one of document.querySelectorAll(`.tile[data-id="${id}"], a[href="#no-${id}"]`)) {
    (one.closest("li") || one).remove();
  }
}

// ---- Two beside each other.

function choose(id, isChosen) {
  chosen = chosen.filter((one) => one !== id);
  if (isChosen) chosen = [...chosen, id].slice(-2);
  for (const box of document.querySelectorAll("[data-pick]")) box.checked = chosen.includes(Number(box.dataset.pick));
  showChosen();
}

function showChosen() {
  at("chosen").hidden = !chosen.length || seen.view !== "portraits";
  at("compare").disabled = chosen.length < 2;
  const [left, right] = chosen;
  if (chosen.length) at("chosen-said").textContent = say(chosen.length > 1 ? "chosen_two" : "chosen_one", { left, right });
}

async function compare() {
  const [left, right] = await Promise.all(chosen.map((id) => ask(`portraits/${id}.json`))).catch(() => []);
  if (!left || !right) return tell(say("failed"));
  const title = element("h2", "", say("compare_title", { left: left.id, right: right.id }));
  title.id = "two-title";
  const stage = element("div", "stage over", ...[left, right].map((one) => image(`portraits/${one.id}/picture`, one.alt, false)));
  const slider = sliderOf(stage);
  const ways = button(say("side_by_side"), "quiet", () => {
    const over = stage.classList.toggle("over");
    stage.classList.toggle("beside", !over);
    slider.hidden = !over;
    ways.textContent = say(over ? "side_by_side" : "laid_over");
  });
  const close = button(say("close"), "quiet", () => at("two").close());
  at("two").replaceChildren(element("div", "head", title, ways, close), stage, slider, ...difference(left, right));
  at("two").showModal();
  slider.focus();
  return undefined;
}

function sliderOf(stage) {
  const slider = element("input", "slide");
  Object.assign(slider, { type: "range", min: 0, max: 100, value: 50 });
  slider.setAttribute("aria-label", say("slider"));
  const cut = () => stage.style.setProperty("--cut", `${slider.value}%`);
  const follow = (event) => {
    if (!stage.classList.contains("over") || !(event.buttons & 1)) return;
    const box = stage.getBoundingClientRect();
    slider.value = Math.round(((event.clientX - box.left) / box.width) * 100);
    cut();
  };
  slider.addEventListener("input", cut);
  stage.addEventListener("pointerdown", follow);
  stage.addEventListener("pointermove", follow);
  stage.addEventListener("dragstart", (event) => event.preventDefault());
  return slider;
}

function difference(left, right) {
  const said = (one) => new Map([...one.recipe, ...one.facts].map((part) => [part.title, part.text]));
  const [first, second] = [said(left), said(right)];
  const rows = [...new Set([...first.keys(), ...second.keys()])].filter((title) => first.get(title) !== second.get(title));
  const heading = element("h3", "", say("differs"));
  if (!rows.length) return [heading, element("p", "small-print", say("same"))];
  const cell = (name, text, scope) => {
    const made = element(name, "", text);
    if (scope) made.scope = scope;
    return made;
  };
  const top = element("tr", "", element("td"), cell("th", say("number", { number: left.id }), "col"),
    cell("th", say("number", { number: right.id }), "col"));
  const body = rows.map((title) => element("tr", "", cell("th", title, "row"), cell("td", first.get(title) || "–"),
    cell("td", second.get(title) || "–")));
  return [heading, element("table", "differs", element("thead", "", top), element("tbody", "", ...body))];
}

// ---- The beginning.

function options(select, found, text, least) {
  select.append(...found.map((one) => {
    const made = element("option", "", text(one));
    made.value = one.id;
    return made;
  }));
  select.parentElement.hidden = found.length < least;
}

function listen() {
  let typing = 0;
  at("seek").addEventListener("submit", (event) => event.preventDefault());
  at("words").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => go({ words: at("words").value.trim() }, { replace: true }), TYPED_MS);
  });
  for (const name of ["character", "model"]) at(name).addEventListener("change", () => go({ [name]: at(name).value }));
  for (const one of document.querySelectorAll("nav a")) {
    one.addEventListener("click", (event) => {
      event.preventDefault();
      go(only({ view: one.dataset.view }));
    });
  }
  at("clear").addEventListener("click", () => go(only({})));
  at("more").addEventListener("click", more);
  at("compare").addEventListener("click", compare);
  at("choose-none").addEventListener("click", () => [...chosen].forEach((id) => choose(id, false)));
  at("leave").addEventListener("click", () => leave("leave"));
  at("leave-everywhere").addEventListener("click", () => leave("leave-everywhere"));
  at("detail").addEventListener("close", () => {
    const closed = openId;
    leaveHash();
    openId = null;
    const back = document.querySelector(`.tile[data-id="${closed}"] a`);
    if (back && fromHash() === null) back.focus({ preventScroll: true });
  });
  window.addEventListener("hashchange", open);
  window.addEventListener("popstate", () => { if (fromHash() === null && !at("detail").open) show(); });
  new IntersectionObserver((entries) => {
    endIsNear = entries[entries.length - 1].isIntersecting;
    if (endIsNear) more();
  }, { rootMargin: AHEAD }).observe(at("end"));
}

async function leave(how) {
  try {
    await ask(how, {});
    location.reload();
  } catch (error) {
    tell(error.message);
  }
}

async function begin() {
  texts = await ask("texts.json");
  overview = await ask("overview.json");
  options(at("character"), overview.characters, (one) => `@${one.handle}`, 1);
  options(at("model"), overview.models, (one) => one.title, 2);
  listen();
  await show();
  await open();
}

begin().catch((error) => tell(error.message));
