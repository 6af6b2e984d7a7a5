import sys

from curl_cffi import CurlWsFlag, Session

connection = Session().ws_connect(sys.argv[1])
while True:
    message, flags = connection.recv()
    if flags & CurlWsFlag.CLOSE:
        break
    if flags & (CurlWsFlag.TEXT | CurlWsFlag.BINARY):
        connection.send(message, flags & (CurlWsFlag.TEXT | CurlWsFlag.BINARY))
connection.close()
