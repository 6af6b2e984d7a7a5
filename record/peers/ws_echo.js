// An echo server on any release of the library ws: node ws_echo.js PORT
const { Server } = require("ws");

const server = new Server({ host: "127.0.0.1", port: +process.argv[2], maxPayload: 2 ** 26, perMessageDeflate: true });
server.on("connection", (connection) => {
  // Before 8.0, a text comes as a string.
  connection.on("message", (data, binary) => connection.send(data, { binary: typeof data !== "string" && binary !== false }));
  connection.on("error", () => {});
});
