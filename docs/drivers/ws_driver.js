const WebSocket = require("ws");

const [url, agent] = [process.argv[2], "ws"];

/** Connects, echoes messages if this is a case, and resolves to the last message once the connection has ended. */
const visit = (path) =>
  new Promise((resolve) => {
    const connection = new WebSocket(url + path, { maxPayload: 0, maxFragments: 0 });
    let last;
    connection.on("message", (data, binary) => {
      last = data;
      if (path.startsWith("/runCase")) connection.send(data, { binary });
    });
    connection.on("error", () => {});
    connection.on("close", () => resolve(last));
  });

(async () => {
  const count = Number(await visit("/getCaseCount"));
  for (let number = 1; number <= count; number++) await visit(`/runCase?case=${number}&agent=${agent}`);
  await visit(`/updateReports?agent=${agent}`);
})();
