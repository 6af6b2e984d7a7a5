// An echo server on coder/websocket, under the name that Debian has it by: coder_echo PORT
package main

import (
	"net/http"
	"os"

	"nhooyr.io/websocket"
)

func main() {
	options := &websocket.AcceptOptions{InsecureSkipVerify: true}
	http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, err := websocket.Accept(w, r, options)
		if err != nil {
			return
		}
		defer connection.Close(websocket.StatusInternalError, "")
		connection.SetReadLimit(1 << 26)
		for {
			kind, message, err := connection.Read(r.Context())
			if err != nil || connection.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	}))
}
