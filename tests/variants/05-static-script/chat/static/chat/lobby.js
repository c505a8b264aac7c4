import { open } from "./socket.js";

const state = document.querySelector(".state");
const lines = document.querySelector(".lines");
const form = document.querySelector(".speak");

const socket = open(form.dataset.socket, {
  connection_established: ({ message }) => (state.textContent = message),
  chat: ({ message }) => addLine(message),
  error: ({ message }) => addLine(message, "problem"),
  closed: () => (state.textContent = "The server has hung up."),
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  socket.send({ message: form.words.value });
  form.words.value = "";
});

function addLine(text, className = "") {
  const line = Object.assign(document.createElement("li"), { textContent: text, className });
  lines.append(line);
  lines.scrollTop = lines.scrollHeight;
}
