// An echo server on golang.org/x/net/websocket: xnet_echo PORT
package main

import (
	"net/http"
	"os"

	"golang.org/x/net/websocket"
)

// frames keeps text and binary apart.
var frames = websocket.Codec{
	Marshal: func(v interface{}) ([]byte, byte, error) {
		frame := v.(*frame)
		return frame.data, frame.kind, nil
	},
	Unmarshal: func(data []byte, kind byte, v interface{}) error {
		*v.(*frame) = frame{data, kind}
		return nil
	},
}

type frame struct {
	data []byte
	kind byte
}

func main() {
	echo := func(connection *websocket.Conn) {
		for {
			var received frame
			if frames.Receive(connection, &received) != nil || frames.Send(connection, &received) != nil {
				return
			}
		}
	}
	http.ListenAndServe("127.0.0.1:"+os.Args[1], websocket.Server{Handler: echo})
}
