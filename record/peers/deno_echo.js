// An echo server of Deno: deno run --allow-net deno_echo.js PORT
Deno.serve({ hostname: "127.0.0.1", port: +Deno.args[0], onListen: () => {} }, (request) => {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return new Response("", { status: 400 });
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => socket.send(event.data);
  socket.onerror = () => {};
  return response;
});
