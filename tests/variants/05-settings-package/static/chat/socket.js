/** A WebSocket that speaks of messages and not of frames; its events are opened, closed, and the frames' types. */
export class ChatSocket extends WebSocket {
  constructor(path) {
    super(path); // the browser adds this page's own host, and ws: or wss:
    this.addEventListener("message", ({ data }) => this.announce(JSON.parse(data)));
    this.addEventListener("close", () => this.announce({ type: "closed", message: "The server has gone." }));
  }

  announce({ type, message }) {
    this.dispatchEvent(new CustomEvent(type, { detail: message }));
  }

  send(message) {
    super.send(JSON.stringify({ message }));
  }
}
