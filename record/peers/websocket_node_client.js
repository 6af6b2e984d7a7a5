// An echo client on the npm package websocket: node websocket_node_client.js URL
const { client: Client } = require("websocket");

const client = new Client({ maxReceivedFrameSize: 2 ** 30, maxReceivedMessageSize: 2 ** 30 });
client.on("connectFailed", () => {});
client.on("connect", (connection) => {
  connection.on("message", (message) =>
    message.type === "utf8" ? connection.sendUTF(message.utf8Data) : connection.sendBytes(message.binaryData),
  );
  connection.on("error", () => {});
});
client.connect(process.argv[2]);
