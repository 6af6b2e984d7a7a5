const WebSocket = require("ws");

const connection = new WebSocket(process.argv[2], { maxPayload: 0, maxFragments: 0 });
connection.on("message", (data, binary) => connection.send(data, { binary }));
connection.on("error", () => {});
