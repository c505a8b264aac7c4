/** Open a socket at a path of this website, and call the handler that is named like the frame's type. */
export function open(path, handlers) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${path}`);
  socket.addEventListener("message", (event) => {
    const { type, ...frame } = JSON.parse(event.data);
    handlers[type]?.(frame);
  });
  socket.addEventListener("close", () => handlers.closed());
  return { send: (frame) => socket.send(JSON.stringify(frame)) };
}
