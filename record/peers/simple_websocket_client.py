import sys

from simple_websocket import Client, ConnectionClosed

connection = Client(sys.argv[1])
try:
    while True:
        connection.send(connection.receive())
except ConnectionClosed:
    connection.thread.join()  # it answers the Close
