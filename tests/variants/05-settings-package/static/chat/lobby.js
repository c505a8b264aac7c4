import { ChatSocket } from "./socket.js";

const status = document.querySelector("[role=status]");
const log = document.querySelector("[role=log]");
const form = document.querySelector("form");
const controls = form.querySelector("fieldset");

const socket = new ChatSocket("/ws/lobby/");

socket.addEventListener("connection_established", ({ detail }) => setStatus(detail, true));
socket.addEventListener("closed", ({ detail }) => setStatus(detail, false));
socket.addEventListener("chat", ({ detail }) => log.append(line(detail)));
socket.addEventListener("error", ({ detail }) => {
  if (detail) log.append(line(`✗ ${detail}`)); // the browser's own event of this name has none
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  socket.send(form.message.value);
  form.reset();
});

function setStatus(text, connected) {
  status.replaceChildren(text);
  controls.toggleAttribute("disabled", !connected);
}

function line(text) {
  const item = document.createElement("li");
  item.replaceChildren(text);
  return item;
}
