// The page of the wire: each event that comes from the server becomes a row of the diagram.

const ROWS = 800; // rows that are kept; older ones go
const status = document.querySelector("#status");
const diagram = document.querySelector(".diagram");
const heads = document.querySelector("#heads");
const list = document.querySelector("#rows");
const empty = document.querySelector("#empty");
const groups = document.querySelector("#groups");
const chosenBox = document.querySelector("#chosen");
const buttons = Object.fromEntries([...document.querySelectorAll(".tools button")].map((one) => [one.id, one]));

let facts = {};
let events = []; // shown, oldest first: {event, item}
let waiting = []; // not shown yet, because of a pause
let columns = []; // participants, from left to right
let names = {}; // of participants, where the server knows better ones
let ended = new Set(); // consumers that have come to their end
let owners = {}; // by mailbox: the consumer whose it is
let members = new Map(); // by group: its mailboxes
let chosen = null;
let touched = false; // whether somebody has said what to do with HTTP; else it goes when the first socket comes

const source = new EventSource("events");
source.addEventListener("facts", (message) => begin(JSON.parse(message.data)));
source.addEventListener("message", (message) => take(JSON.parse(message.data)));
source.addEventListener("error", () => say("No connection to the server. Is make wire still running?", true));

buttons.pause.addEventListener("click", () => pause(!pressed("pause")));
buttons.step.addEventListener("click", () => add(waiting.splice(0, 1)));
buttons.follow.addEventListener("click", () => {
  press("follow", !pressed("follow"));
  hide();
});
buttons.http.addEventListener("click", () => {
  touched = true;
  press("http", !pressed("http"));
  arrange();
  hide();
});
window.addEventListener("resize", arrange);
buttons.clear.addEventListener("click", clear);
list.addEventListener("click", (event) => choose(event.target.closest("button")));
list.addEventListener("keydown", move);

// A server has begun, the first one or one with newer code.
function begin(told) {
  if (facts.run && facts.run !== told.run) {
    clear();
    const line = document.createElement("li");
    line.className = "anew";
    line.textContent = "The code was changed: the server has begun anew, and the tabs connect again.";
    list.append(line);
    members.clear();
    showGroups();
  }
  facts = told;
  say(facts.problem || `Stage ${facts.stage}. ${facts.missing || "Listening."}`, Boolean(facts.problem));
}

function say(text, bad = false) {
  status.textContent = text;
  status.classList.toggle("error", bad);
}

function take(batch) {
  if (pressed("pause")) {
    waiting.push(...batch);
    buttons.pause.textContent = `Go on (${waiting.length})`;
    buttons.step.disabled = false;
  } else {
    add(batch);
  }
}

function add(batch) {
  const atEnd = diagram.scrollHeight - diagram.scrollTop - diagram.clientHeight < 80; // pixels
  for (const event of batch) {
    learn(event);
    events.push({ event, item: row(event) });
    list.append(events.at(-1).item);
  }
  while (events.length > ROWS) events.shift().item.remove();
  if (!touched && batch.some(({ kind }) => kind === "handshake")) press("http", true);
  if (batch.some((event) => event.extra.ended || !columns.includes(event.source) || !columns.includes(event.target))) arrange();
  else for (const one of events.slice(-batch.length)) place(one);
  reach(chosen ? null : events.at(-1));
  empty.hidden = true;
  if (batch.some(({ extra }) => extra.name)) showHeads();
  showGroups();
  hide();
  if (atEnd) diagram.scrollTop = diagram.scrollHeight;
  if (pressed("pause")) {
    buttons.pause.textContent = `Go on (${waiting.length})`;
    buttons.step.disabled = waiting.length === 0;
  }
}

// What an event says about the world, besides what happened.
function learn({ source: from, extra }) {
  if (extra.name) names[from] = extra.name;
  if (extra.ended) ended.add(`consumer:${extra.ended}`);
  if (extra.mailbox) owners[extra.mailbox] = from;
  if (extra.group) {
    if (extra.mailboxes.length) members.set(extra.group, extra.mailboxes);
    else members.delete(extra.group);
  }
}

// HTTP and Django on the left, then the first tab and its consumer, the groups, and all others;
// those that are over come last.
function arrange() {
  const shown = events.filter(({ event }) => !(pressed("http") && event.kind === "http"));
  columns = [...new Set(shown.flatMap(({ event }) => [event.source, event.target]))];
  const isOver = (name) => ended.has(`consumer:${name}`);
  const tabs = columns.filter((one) => one.startsWith("browser:")).map((one) => one.split(":")[1]);
  const first = tabs.find((name) => !isOver(name)) ?? tabs[0];
  const order = (one) => {
    const [kind, name] = one.split(/:(.*)/s);
    if (kind === "http") return "0";
    if (kind === "django") return "1";
    if (name === first && kind !== "group") return kind === "browser" ? "2" : "3";
    if (kind === "group") return `4 ${name}`;
    if (kind === "elsewhere") return "5";
    return `${isOver(name) ? 7 : 6} ${String(name.length).padStart(3, "0")}${name} ${kind === "consumer" ? 0 : 1}`;
  };
  columns.sort((one, other) => (order(one) < order(other) ? -1 : 1));
  diagram.style.setProperty("--columns", columns.length);
  diagram.style.setProperty("--column", `max(11rem, ${Math.floor(diagram.clientWidth / columns.length)}px)`);
  for (const one of shown) place(one);
  showHeads();
}

function row(event) {
  const item = document.createElement("li");
  item.className = `row ${event.kind}`;
  const button = document.createElement("button");
  button.tabIndex = -1;
  button.dataset.number = event.number;
  const words = document.createElement("span");
  words.className = "words";
  words.textContent = sentence(event);
  button.append(words, drawn("label", short(event)));
  if (below(event)) {
    button.append(drawn("payload", below(event)));
    item.classList.add("tall");
  }
  if (event.source !== event.target) {
    const arrow = document.createElement("span");
    arrow.className = "arrow";
    button.append(arrow);
  } else if (event.kind !== "error") {
    item.classList.add("note");
  }
  item.classList.toggle("bad", event.kind === "error");
  item.append(button);
  return item;
}

// Words in the picture; whoever listens gets the whole sentence instead.
function drawn(kind, text) {
  const box = document.createElement("span");
  box.className = kind;
  box.setAttribute("aria-hidden", "true");
  box.append(document.createElement("span"));
  box.firstChild.textContent = box.title = text;
  return box;
}

function sentence({ source, target, label, payload, thread }) {
  const where = source === target ? title(source) : `${title(source)} to ${title(target)}`;
  return `${where}: ${label} ${payload}${thread && `, in thread ${thread}`}`;
}

function short({ label }) {
  return label.replace(/^websocket\./, "");
}

function below({ kind, payload, thread }) {
  if (kind === "handler") return thread && `thread ${thread}`;
  return ["frame", "post", "error"].includes(kind) ? payload : "";
}

function place({ event, item }) {
  const from = columns.indexOf(event.source) + 0.5;
  const to = columns.indexOf(event.target) + 0.5;
  const half = Math.min(0.75, from); // a note may reach over its neighbours' lines
  const [left, right] = from === to ? [from - half, from + half] : [Math.min(from, to), Math.max(from, to)];
  for (const part of item.querySelectorAll(".label, .arrow, .payload")) {
    part.style.left = `calc(${left} * var(--column))`;
    part.style.width = `calc(${right - left} * var(--column))`;
    part.classList.toggle("left", to < from);
  }
}

function title(one) {
  const [kind, name] = one.split(/:(.*)/s);
  const usual = { browser: `Tab ${name}`, consumer: `Consumer ${name}`, group: `Group "${name}"` };
  const others = { http: "Browser, HTTP", django: "Django", elsewhere: "Another process" };
  return names[one] ?? usual[kind] ?? others[kind] ?? one;
}

function showHeads() {
  const texts = columns.map((one) => {
    const head = document.createElement("span");
    head.textContent = head.title = title(one);
    const name = one.split(":")[1];
    head.classList.add(one.split(":")[0]);
    head.classList.toggle("ended", ended.has(`consumer:${name}`) && !one.startsWith("group"));
    return head;
  });
  heads.replaceChildren(...texts);
}

function showGroups() {
  const parts = [...members].flatMap(([group, mailboxes]) => {
    const term = document.createElement("dt");
    term.textContent = `${group} (${mailboxes.length})`;
    const boxes = mailboxes.map((mailbox) => {
      const box = document.createElement("dd");
      box.textContent = owners[mailbox] ? `${title(owners[mailbox])}: ${mailbox}` : mailbox;
      return box;
    });
    return [term, ...boxes];
  });
  if (parts.length) {
    const terms = document.createElement("dl");
    terms.append(...parts);
    groups.replaceChildren(terms);
  } else {
    groups.replaceChildren(paragraph("None yet."));
  }
}

function paragraph(text) {
  const one = document.createElement("p");
  one.className = "quiet";
  one.textContent = text;
  return one;
}

// A row, and with it all that led to it and all that came of it.
function choose(button) {
  if (!button) return;
  const number = Number(button.dataset.number);
  chosen = events.find((one) => one.event.number === number)?.event;
  for (const one of list.querySelectorAll("[aria-current]")) {
    one.removeAttribute("aria-current");
    one.tabIndex = -1;
  }
  button.setAttribute("aria-current", "true");
  button.tabIndex = 0;
  button.focus();
  buttons.follow.disabled = false;
  showChosen();
  hide();
}

function showChosen() {
  const { number, seconds, source: from, target, label, payload, thread } = chosen;
  const where = from === target ? title(from) : `${title(from)} to ${title(target)}`;
  const lines = [`${where}: ${label}`, `Number ${number}, after ${seconds.toFixed(3)} s`];
  if (thread) lines.push(`Thread: ${thread}`);
  const block = document.createElement("pre");
  block.textContent = pretty(payload);
  chosenBox.replaceChildren(...lines.map(paragraph), ...(payload ? [block] : []));
}

function pretty(payload) {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}

// The numbers of all that belongs to an event: up to its first cause, and down to everything that came of it.
function related(event) {
  const all = new Map(events.map((one) => [one.event.number, one.event]));
  let root = event;
  while (all.has(root.cause) && !isBeginning(root)) root = all.get(root.cause);
  const found = new Set([root.number]);
  for (const { event: one } of events) if (found.has(one.cause)) found.add(one.number);
  return found;
}

// What a person does begins a story of its own.
function isBeginning({ kind, label }) {
  return kind === "frame" && label === "websocket.receive";
}

function hide() {
  const found = chosen ? related(chosen) : new Set();
  for (const { event, item } of events) {
    item.classList.toggle("related", found.has(event.number));
    item.hidden = (pressed("follow") && !found.has(event.number)) || (pressed("http") && event.kind === "http");
  }
}

// The Tab key finds one row: the chosen one, else the newest.
function reach(newest) {
  if (!newest) return;
  for (const one of list.querySelectorAll('.row > [tabindex="0"]')) one.tabIndex = -1;
  newest.item.firstElementChild.tabIndex = 0;
}

// The arrow keys go from row to row.
function move(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
  if (!(event.key in steps)) return;
  event.preventDefault();
  const rows = [...list.querySelectorAll(".row:not([hidden]) > button")];
  const at = rows.indexOf(document.activeElement);
  choose(rows[Math.max(0, Math.min(rows.length - 1, at + steps[event.key]))]);
}

function clear() {
  events = [];
  waiting = [];
  columns = [];
  ended = new Set();
  chosen = null;
  list.replaceChildren();
  heads.replaceChildren();
  empty.hidden = false;
  press("follow", false);
  buttons.follow.disabled = true;
  pause(false);
  chosenBox.replaceChildren(paragraph("Click a row, or use the arrow keys."));
}

function pause(on) {
  press("pause", on);
  const late = waiting;
  waiting = [];
  buttons.step.disabled = true;
  buttons.pause.textContent = on ? "Go on (0)" : "Pause";
  if (late.length) add(late);
}

function press(id, on) {
  buttons[id].setAttribute("aria-pressed", String(on));
}

function pressed(id) {
  return buttons[id].getAttribute("aria-pressed") === "true";
}
