const { WebSocket } = globalThis.WebSocket ? globalThis : require("undici"); // Node 20 has no WebSocket of its own

const connection = new WebSocket(process.argv[2]);
connection.binaryType = "arraybuffer";
connection.onmessage = (event) => connection.send(event.data);
connection.onerror = () => {};
