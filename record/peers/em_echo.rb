# An echo server on em-websocket: ruby em_echo.rb PORT
require "em-websocket"

EM.run do
  EM::WebSocket.run(host: "127.0.0.1", port: ARGV[0].to_i) do |connection|
    connection.onmessage { |message| connection.send(message) }
    connection.onbinary { |message| connection.send_binary(message) }
    connection.onerror { |_| }
  end
end
