// The page of a room: it talks to the consumer at /ws/ROOM/.

const log = document.querySelector("#log");
const status = document.querySelector("#status");
const people = document.querySelector("#people");
const form = document.querySelector("#form");
const button = document.querySelector("#form button");
const { message, to } = form.elements;

const FIRST_DELAY = 500; // milliseconds
const LONGEST_DELAY = 15000;
const BEAT = 10000;
const PAUSE = 1000; // when the server says that we are too fast

// Why the server closes for good, by its code. After any other code the page tries again.
const ENDS = {
  4401: "You are not logged in any more.",
  4403: "This room is for members.",
  4413: "The server was sent too large a message.",
  4429: "The server was sent too much from here.",
};

// This page's own host and port, with ws: for http: and wss: for https:
const { room, member } = document.querySelector("main").dataset;
const address = new URL(`/ws/${room}/`, location.href);
address.protocol = address.protocol.replace("http", "ws");

let socket;
let ready = false; // connected, and greeted
let delay = FIRST_DELAY;
let seen = null; // the number of the last message in the log; null before the first history
let asked = null; // for what came after this number
const waiting = new Map(); // by client_id: what was typed, until the server has answered it
let sent = null; // the client_id of the one that is on its way

connect();
form.addEventListener("submit", send);
setInterval(beat, BEAT);

function connect() {
  if (seen !== null) address.searchParams.set("since", seen);
  socket = new WebSocket(address);
  socket.addEventListener("message", receive);
  socket.addEventListener("close", disconnected);
}

// Each time a little later, and never all pages at the same moment.
function disconnected({ code }) {
  if (code in ENDS) {
    end(code);
    return;
  }
  ready = false;
  const pause = delay * (0.5 + Math.random());
  delay = Math.min(2 * delay, LONGEST_DELAY);
  status.textContent = `Disconnected. Trying again in ${Math.ceil(pause / 1000)} s. You can go on writing.`;
  for (const { frame } of waiting.values()) {
    if (frame.to) refused(frame.client_id, "The connection broke.");
  }
  setTimeout(connect, pause);
}

function end(code) {
  socket.removeEventListener("close", disconnected);
  socket.close();
  ready = false;
  button.disabled = true;
  status.textContent = `${ENDS[code]} Load this page again to go on.`;
  for (const client_id of waiting.keys()) refused(client_id, ENDS[code]);
}

// Server to browser.
function receive(event) {
  const frame = JSON.parse(event.data);
  switch (frame.type) {
    case "connection_established":
      if (member && member !== frame.name) {
        end(4401);
        break;
      }
      status.textContent = frame.message;
      button.disabled = false;
      asked = null;
      ready = true;
      sent = null;
      sendNext();
      break;
    case "history":
      delay = FIRST_DELAY;
      for (const one of frame.messages) if (one.seq > seen) take(one);
      seen ??= 0; // nobody has said anything here
      if (frame.more) beat();
      break;
    case "chat":
      if (frame.seq > seen + 1) ask();
      if (frame.seq === seen + 1) take(frame);
      break;
    case "private":
      forget(frame.client_id);
      show(`${frame.name} to ${frame.to} alone: ${frame.message}`, "private");
      break;
    case "announcement":
      show(`Announcement: ${frame.message}`, "announcement");
      break;
    case "people":
      showPeople(frame.names);
      break;
    case "error":
      if (frame.again) setTimeout(sendAgain, PAUSE, frame.client_id);
      else refused(frame.client_id, frame.message);
      break;
    default:
      throw new Error(`A frame of unknown type: ${frame.type}`);
  }
}

// The next message of the room.
function take(frame) {
  seen = frame.seq;
  forget(frame.client_id);
  show(`${frame.name}: ${frame.message}`);
}

// "I am still here, and have seen this much": the server answers with what is missing.
function beat() {
  if (socket.readyState === WebSocket.OPEN && seen !== null) socket.send(JSON.stringify({ since: seen }));
}

// Some messages have not come. One question is enough: the answer brings all of them.
function ask() {
  if (asked !== seen) socket.send(JSON.stringify({ since: seen }));
  asked = seen;
}

// Browser to server. What is sent waits in the log until it comes back.
function send(event) {
  event.preventDefault();
  const frame = { message: message.value, to: to.value, client_id: newId() };
  if (frame.to && !ready) {
    show("Not sent: a message to one person needs a connection.", "error");
    return;
  }
  waiting.set(frame.client_id, { frame, line: show(`${frame.message} (waiting)`, "waiting") });
  sendNext();
  message.value = "";
  message.focus();
}

// One at a time, the oldest first: so all come in the order in which they were typed, and a
// page that was away for long does not send everything at once.
function sendNext() {
  const [next] = waiting.keys();
  if (!ready || next === undefined || next === sent) return;
  sent = next;
  socket.send(JSON.stringify(waiting.get(next).frame));
}

function sendAgain(client_id) {
  if (sent === client_id) sent = null;
  sendNext();
}

function newId() {
  return crypto.getRandomValues(new Uint32Array(3)).join("-");
}

function forget(client_id) {
  waiting.get(client_id)?.line.remove();
  waiting.delete(client_id);
  sendNext();
}

// What was typed is not lost: it goes back into the field, if that is empty and for the same people.
function refused(client_id, why) {
  const frame = waiting.get(client_id)?.frame;
  const text = frame?.message ?? "";
  forget(client_id);
  show(`Not sent: ${why}${text && ` You wrote: ${text}`}`, "error");
  if (frame?.to === to.value) message.value ||= text;
}

// It comes with every answer. What has not changed is left alone, or it would be read out again.
function showPeople(names) {
  const here = `Here: ${names.join(", ")}`;
  if (people.textContent === here) return;
  people.textContent = here;
  offer(names);
}

// The choice of people to write to. Who was chosen stays chosen, even when gone:
// a whisper must never go to everyone by accident.
function offer(names) {
  const chosen = to.value;
  const all = new Set(["", ...names, chosen]); // each once; "" is everyone
  to.replaceChildren(...[...all].map((name) => new Option(name || "Everyone", name)));
  to.value = chosen;
}

function show(text, kind = "chat") {
  const line = document.createElement("p");
  line.className = kind;
  line.textContent = text; // never innerHTML: what others typed stays text
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40; // pixels
  log.append(line);
  if (atEnd) line.scrollIntoView({ block: "nearest" }); // whoever reads further up is left alone
  return line;
}
