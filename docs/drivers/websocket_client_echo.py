import sys

import websocket

connection = websocket.create_connection(sys.argv[1])
while connection.connected:
    opcode, data = connection.recv_data()
    if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
        connection.send(data, opcode)
