package main

import (
	"context"
	"os"

	"nhooyr.io/websocket" // later releases: github.com/coder/websocket
)

func main() {
	ctx := context.Background()
	connection, _, err := websocket.Dial(ctx, os.Args[1], nil)
	if err != nil {
		return
	}
	connection.SetReadLimit(1 << 30)
	for {
		kind, message, err := connection.Read(ctx)
		if err != nil || connection.Write(ctx, kind, message) != nil {
			return
		}
	}
}
