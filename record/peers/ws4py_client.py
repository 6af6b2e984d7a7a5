import sys

from ws4py.client.threadedclient import WebSocketClient


class Echo(WebSocketClient):
    def received_message(self, message):
        self.send(message.data, message.is_binary)


connection = Echo(sys.argv[1])
connection.connect()
connection.run_forever()
