// Checks the parser of gorilla/websocket:
// replay vectors -o v.json; go run read_gorilla.go v.json

package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

type event struct {
	Kind, Data string
	Code       *int
}

type vector struct {
	ID, Receiver, Verdict string
	Extensions            *string
	Writes                []string
	Events                []event
	Failure               any
}

// conn gives the octets of a vector to a connection, write by write, and takes what it sends.
type conn struct {
	reads [][]byte
	sent  bytes.Buffer
}

func (c *conn) Read(to []byte) (int, error) {
	if len(c.reads) == 0 {
		return 0, io.EOF
	}
	n := copy(to, c.reads[0])
	if c.reads[0] = c.reads[0][n:]; len(c.reads[0]) == 0 {
		c.reads = c.reads[1:]
	}
	return n, nil
}
func (c *conn) Write(data []byte) (int, error)   { return c.sent.Write(data) }
func (c *conn) Close() error                     { return nil }
func (c *conn) LocalAddr() net.Addr              { return nil }
func (c *conn) RemoteAddr() net.Addr             { return nil }
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// Hijack and the methods after it let the conn be the response of an HTTP server.
func (c *conn) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return c, bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c)), nil
}
func (c *conn) Header() http.Header { return http.Header{} }
func (c *conn) WriteHeader(int)     {}

// opened is a server's connection whose opening handshake is done.
func opened(c *conn) *websocket.Conn {
	request, _ := http.NewRequest("GET", "http://localhost/", nil)
	request.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	ws, err := (&websocket.Upgrader{}).Upgrade(c, request, nil)
	if err != nil {
		panic(err)
	}
	return ws
}

// read tells what the parser makes of the octets, and whether it fails.
func read(v vector) (events []event, failed bool) {
	c := &conn{}
	ws := opened(c)
	for _, write := range v.Writes {
		octets, _ := hex.DecodeString(write)
		c.reads = append(c.reads, octets)
	}
	note := func(kind string, data []byte, code *int) {
		events = append(events, event{kind, hex.EncodeToString(data), code})
	}
	ws.SetPingHandler(func(data string) error { note("ping", []byte(data), nil); return nil })
	ws.SetPongHandler(func(data string) error { note("pong", []byte(data), nil); return nil })
	ws.SetCloseHandler(func(code int, reason string) error {
		if code == websocket.CloseNoStatusReceived {
			note("close", nil, nil)
		} else {
			note("close", []byte(reason), &code)
		}
		return nil
	})
	for {
		kind, data, err := ws.ReadMessage()
		if err != nil {
			closed := len(events) > 0 && events[len(events)-1].Kind == "close"
			return events, !closed && !strings.Contains(err.Error(), "EOF")
		}
		note(map[int]string{websocket.TextMessage: "text", websocket.BinaryMessage: "binary"}[kind], data, nil)
	}
}

func main() {
	octets, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(octets, &file); err != nil {
		panic(err)
	}
	wrong := 0
	for _, v := range file.Vectors {
		if v.Receiver != "server" || v.Extensions != nil {
			continue // a client's parser is the same code, and extensions are agreed on elsewhere
		}
		events, failed := read(v)
		fits := v.Verdict == "either" || failed == (v.Verdict == "invalid")
		if !fits || (!failed && !reflect.DeepEqual(events, v.Events)) {
			wrong++
			fmt.Println(v.ID, v.Receiver, v.Verdict, v.Failure)
		}
	}
	if wrong > 0 {
		os.Exit(1)
	}
}
