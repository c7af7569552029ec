package main

import "time"

// The tables that the kinds of clients are in.
const (
	http1Table = "HTTP/1.1"
	http2Table = "HTTP/2"
	lastTable  = "What lasts, and gRPC"
)

// kinds are the clients of the first table. How many trials of a kind can run at once
// depends on how busy they keep the machine.
var kinds = []kind{
	{name: "a connection per request", table: http1Table, clients: 16, atOnce: 6, run: freshClient},
	{name: "the same, a node is late", table: http1Table, clients: 16, atOnce: 6, late: true, run: freshClient},
	{name: "POST, think 0", table: http1Table, clients: 64, atOnce: 2, run: postClient(0)},
	{name: "POST, think 2 ms", table: http1Table, clients: 64, atOnce: 2, run: postClient(2 * time.Millisecond)},
	{name: "POST, think 20 ms", table: http1Table, clients: 64, atOnce: 4, run: postClient(20 * time.Millisecond)},
	{name: "POST, think 400 ms", table: http1Table, clients: 64, atOnce: 8, run: postClient(400 * time.Millisecond)},
	{name: "POST, think 1 s", table: http1Table, clients: 256, atOnce: 4, run: postClient(time.Second)}, // longer than the drain

	{name: "h2c, POST that can be replayed", table: http2Table, proto: clear2, clients: 8, atOnce: 2, run: http2Client(true)},
	{name: "h2c, POST that cannot", table: http2Table, proto: clear2, clients: 8, atOnce: 2, run: http2Client(false)},
	{name: "TLS, POST that can be replayed", table: http2Table, proto: secure, clients: 8, atOnce: 2, run: http2Client(true)},
	{name: "TLS, POST that cannot", table: http2Table, proto: secure, clients: 8, atOnce: 2, run: http2Client(false)},

	{name: "WebSocket", table: lastTable, clients: 16, atOnce: 8, lasts: true, run: lastingClient(webSocketSession)},
	{name: "server-sent events", table: lastTable, clients: 16, atOnce: 8, lasts: true, run: lastingClient(eventSession)},
	{name: "gRPC call", table: lastTable, proto: rpc, clients: 4, atOnce: 4, run: rpcClient(streams, 5*time.Millisecond, caller)},
	{name: "gRPC stream of 200 ms", table: lastTable, proto: rpc, clients: 4, atOnce: 6, run: rpcClient(streams, 5*time.Millisecond, chatter)},
	{name: "gRPC stream that lasts", table: lastTable, proto: rpc, clients: 4, atOnce: 8, lasts: true, run: rpcClient(4, beat, watcher)},
}
