// Runs an echo client in Node for each case: node visit.js AGENT URL CLIENT
// Each has a thread of its own, which takes a quarter of the time of a process. A client that goes on for too long is
// ended.
const { once } = require("events");
const net = require("net");
const { Worker } = require("worker_threads");

const [agent, url, client] = process.argv.slice(2);
const [AT_ONCE, MILLISECONDS] = [4, 40_000];

/** How many cases there are. */
const count = async () => {
  const { hostname, port } = new URL(url);
  const connection = net.connect(+port, hostname);
  connection.write(
    "GET /getCaseCount HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  let read = Buffer.alloc(0);
  for await (const octets of connection) {
    read = Buffer.concat([read, octets]);
    const at = read.indexOf("\r\n\r\n") + 4;
    if (at > 3 && read.length >= at + 2 + read[at + 1]) return +read.subarray(at + 2, at + 2 + read[at + 1]);
  }
};

const visit = async (number) => {
  const address = `${url.replace(/\/$/, "")}/runCase?case=${number}&agent=${agent}`;
  const worker = new Worker(client, { argv: [address], stderr: true });
  worker.on("error", () => {});
  const late = setTimeout(() => worker.terminate(), MILLISECONDS);
  await once(worker, "exit").catch(() => {});
  clearTimeout(late);
};

(async () => {
  const cases = await count();
  let next = 1;
  const lane = async () => {
    while (next <= cases) await visit(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
})();
