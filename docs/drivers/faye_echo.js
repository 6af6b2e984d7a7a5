const { Client } = require("faye-websocket");

const connection = new Client(process.argv[2], [], { maxLength: 2 ** 30 });
connection.on("message", (event) => connection.send(event.data));
connection.on("error", () => {});
