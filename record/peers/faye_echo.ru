# An echo server on faye-websocket for Ruby: puma -b tcp://127.0.0.1:PORT faye_echo.ru
require "faye/websocket"

Faye::WebSocket.load_adapter("puma")

run lambda { |env|
  next [400, {}, []] unless Faye::WebSocket.websocket?(env)

  connection = Faye::WebSocket.new(env, [], max_length: 2**26)
  connection.on(:message) { |event| connection.send(event.data) }
  connection.rack_response
}
