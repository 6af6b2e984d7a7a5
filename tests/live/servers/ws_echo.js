// An echo server on the Node library ws, which NODE_PATH has to lead to.
const { WebSocketServer } = require("ws");

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, maxPayload: 2 ** 26, perMessageDeflate: true });
server.on("connection", (connection) => {
  connection.on("message", (data, binary) => connection.send(data, { binary }));
  connection.on("error", () => {});
});
server.on("listening", () => console.log("listening on", server.address().port));
