// An echo server of Bun: bun bun_echo.js PORT
Bun.serve({
  hostname: "127.0.0.1",
  port: +process.argv[2],
  fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("", { status: 400 })),
  websocket: {
    perMessageDeflate: true,
    maxPayloadLength: 2 ** 26,
    message: (connection, message) => void connection.send(message),
  },
});
