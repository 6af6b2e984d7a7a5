package main

import (
	"os"

	"github.com/gorilla/websocket"
)

func main() {
	connection, _, err := websocket.DefaultDialer.Dial(os.Args[1], nil)
	for err == nil {
		var kind int
		var message []byte
		if kind, message, err = connection.ReadMessage(); err == nil {
			err = connection.WriteMessage(kind, message)
		}
	}
}
