// An echo server on the library faye-websocket: node faye_echo.js PORT
const http = require("http");
const WebSocket = require("faye-websocket");

const server = http.createServer((request, response) => response.writeHead(400).end());
server.on("upgrade", (request, socket, head) => {
  if (!WebSocket.isWebSocket(request)) return socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  const connection = new WebSocket(request, socket, head, [], { maxLength: 2 ** 26 });
  connection.on("message", (event) => connection.send(event.data));
  connection.on("error", () => {});
});
server.listen(+process.argv[2], "127.0.0.1");
