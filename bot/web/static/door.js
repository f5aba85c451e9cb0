// The secret of a link stands behind its #, where no server sees it. It is sent when somebody presses, not before.
"use strict";

const at = (id) => document.getElementById(id);
const link = location.hash.slice(1);
let texts = {};

function fail(sentence) {
  at("wrong").textContent = sentence;
  at("wrong").hidden = false;
  at("ready").hidden = true;
}

async function open() {
  at("open").disabled = true;
  const answer = await fetch("open", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ link }),
  }).catch(() => null);
  if (answer && answer.ok) return location.replace("./");
  const told = answer ? await answer.json().catch(() => ({})) : {};
  return fail(told.error || texts.failed || "");
}

if (link) {
  // It is not kept in the history of the browser.
  history.replaceState(null, "", location.pathname);
  at("no-link").hidden = true;
  at("ready").hidden = false;
  at("open").addEventListener("click", open);
  at("open").focus();
  fetch("texts.json").then((answer) => answer.json()).then((found) => { texts = found; }).catch(() => null);
}
