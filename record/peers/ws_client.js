// An echo client on any release of the library ws: node ws_client.js URL
const WebSocket = require("ws");

const connection = new WebSocket(process.argv[2], { maxPayload: 0, maxFragments: 0 });
// Before 8.0, a text comes as a string.
connection.on("message", (data, binary) => connection.send(data, { binary: typeof data !== "string" && binary !== false }));
connection.on("error", () => {});
