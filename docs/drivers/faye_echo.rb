require "eventmachine"
require "faye/websocket"

EM.run do
  connection = Faye::WebSocket::Client.new(ARGV[0], [], max_length: 2**30)
  connection.on(:message) { |event| connection.send(event.data) }
  connection.on(:close) { EM.stop }
end
