// An echo server on the npm package websocket: node websocket_node_echo.js PORT
const http = require("http");
const { server: Server } = require("websocket");

const httpServer = http.createServer((request, response) => response.writeHead(400).end());
const options = { maxReceivedFrameSize: 2 ** 26, maxReceivedMessageSize: 2 ** 26 };
new Server({ httpServer, autoAcceptConnections: true, ...options }).on("connect", (connection) => {
  connection.on("message", (message) =>
    message.type === "utf8" ? connection.sendUTF(message.utf8Data) : connection.sendBytes(message.binaryData),
  );
  connection.on("error", () => {});
});
httpServer.listen(+process.argv[2], "127.0.0.1");
