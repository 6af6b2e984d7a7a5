// The same chat in Node. Usage: node server.js PORT

const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { WebSocketServer } = require("ws");

const HEARTBEAT = 300; // milliseconds; a real application would take 30,000
const page = fs.readFileSync(path.join(__dirname, "index.html"));

const tokens = new Map(); // user by token
const rooms = new Map(); // connections by user, by room
const history = new Map(); // messages by room

const at = () => new Date().toISOString();
const send = (socket, type, values) => socket.send(JSON.stringify({ type, ...values }));
const found = (map, key, made) => map.get(key) ?? map.set(key, made).get(key);
const shuffled = (items) => [...items].sort(() => Math.random() - 0.5);

function chat(socket) {
  let user;
  const beating = setInterval(() => send(socket, "heartbeat", { at: at() }), HEARTBEAT);
  socket.on("close", () => clearInterval(beating));
  send(socket, "hello", { session: crypto.randomBytes(8).toString("hex") });
  socket.on("message", (text) => {
    const said = JSON.parse(text);
    if (said.type === "login") {
      user = said.user;
      const token = crypto.randomBytes(12).toString("base64url");
      tokens.set(token, user);
      send(socket, "welcome", { user, token });
    } else if (said.type === "resume" && tokens.has(said.token)) {
      user = tokens.get(said.token);
      const missed = (history.get(said.room) ?? []).slice(said.last);
      found(rooms, said.room, new Map()).set(user, socket);
      send(socket, "resumed", { missed: missed.length });
      for (const message of missed) send(socket, "message", message);
    } else if (user === undefined) {
      socket.close(4401, "log in first");
    } else if (said.type === "join") {
      const members = found(rooms, said.room, new Map());
      members.set(user, socket);
      send(socket, "joined", { re: said.id, room: said.room, members: shuffled([...members.keys(), "bot"]) });
    } else if (said.type === "say") {
      const messages = found(history, said.room, []);
      const id = crypto.randomUUID();
      const message = { seq: messages.length + 1, id, from: user, text: said.text, at: at() };
      messages.push(message);
      const sending = [...(rooms.get(said.room)?.values() ?? [])].map((to) => () => send(to, "message", message));
      sending.push(() => send(socket, "ack", { re: said.id, message: id }));
      for (const one of shuffled(sending)) one();
    } else if (said.type === "bye") {
      socket.close(1000, "bye");
    }
  });
}

const server = http.createServer((request, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(page);
});
new WebSocketServer({ server }).on("connection", chat);
server.listen(Number(process.argv[2]), "127.0.0.1");
