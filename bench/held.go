package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

type heldPlan struct{ conns, blocks, pairs int }

// heldResult is what an idle connection holds in the server, for each protocol: heap
// and stacks, after a garbage collection, over loopback.
type heldResult struct {
	Rows []heldRow `json:"rows"`
}

type heldRow struct {
	Proto string `json:"protocol"`
	Conns int    `json:"connections"`
	Bytes pair   `json:"bytes_per_connection"`
}

// A holder is one way to hold a connection open. Its ask makes one request and returns
// when that was answered.
type holder struct {
	name   string
	proto  proto
	dial   func(addr string) (net.Conn, error)
	ask    func(net.Conn) error
	few    bool // ten connections are enough to see it
	direct bool // without a read buffer of grpc-go's
}

func dialClear(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }
func dialTLS1(addr string) (net.Conn, error)  { return dialTLS(addr, "http/1.1") }
func dialTLS2(addr string) (net.Conn, error)  { return dialTLS(addr, "h2") }

var holders = []holder{
	{name: "HTTP/1.1", proto: clear1, dial: dialClear, ask: askHTTP1},
	{name: "HTTP/1.1 on TLS", proto: secure, dial: dialTLS1, ask: askHTTP1},
	{name: "HTTP/2", proto: clear2, dial: dialClear, ask: askHTTP2},
	{name: "HTTP/2 on TLS", proto: secure, dial: dialTLS2, ask: askHTTP2},
	{name: "gRPC", proto: rpc, dial: dialClear, ask: askRPC},
	{name: "gRPC, `grpc.ReadBufferSize(0)`", proto: rpc, dial: dialClear, ask: askRPC, direct: true},
	{name: "gRPC, after a header block of 15 MB", proto: rpc, dial: dialClear, ask: askRPCAtLength, few: true},
}

func measureHeld(ctx context.Context, p plan, res *results) error {
	out := new(heldResult)
	for _, h := range holders {
		p.progress("memory: %s", h.name)
		row, err := p.held.row(ctx, h)
		if err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
		out.Rows = append(out.Rows, row)
	}
	res.Held = out
	return nil
}

func (p heldPlan) row(ctx context.Context, h holder) (heldRow, error) {
	n := p.conns
	if h.few {
		n = p.blocks
	}
	var bytes [2][]float64
	measure := func(i int, kind string) func() error {
		return func() error {
			held, err := h.held(ctx, kind, n)
			bytes[i] = append(bytes[i], held)
			return err
		}
	}
	err := inTurns(p.pairs, measure(0, shutdown), measure(1, ours))
	return heldRow{h.name, n, pairOf(bytes[0], bytes[1])}, err
}

// held is what one of n idle connections holds in a new server. A few others come
// first, and pay for what a process makes once.
func (h holder) held(ctx context.Context, kind string, n int) (float64, error) {
	c, err := startChild(ctx, role{Kind: kind, Proto: h.proto, Direct: h.direct}, 0)
	if err != nil {
		return 0, err
	}
	defer c.stop()
	var before int64
	for _, n := range []int{5, n} {
		if before, err = c.number("memory"); err != nil {
			return 0, err
		}
		for range n {
			conn, err := h.open(c.addr)
			if err != nil {
				return 0, err
			}
			defer conn.Close()
		}
		time.Sleep(settle)
	}
	after, err := c.number("memory")
	return float64(after-before) / float64(n), err
}

func (h holder) open(addr string) (net.Conn, error) {
	c, err := h.dial(addr)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(rawTimeout))
	if err := h.ask(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func askHTTP1(c net.Conn) error {
	if _, err := c.Write(rawRequest); err != nil {
		return err
	}
	answer := make([]byte, 512)
	n, err := io.ReadAtLeast(c, answer, len("HTTP/1.1 200 "))
	if err == nil && string(answer[:len("HTTP/1.1 200 ")]) != "HTTP/1.1 200 " {
		err = fmt.Errorf("the answer begins with %q", answer[:n])
	}
	return err
}

// estimate is about how long it takes.
func (p heldPlan) estimate() time.Duration {
	return time.Duration(len(holders)*p.pairs*2) * (time.Second + time.Duration(p.conns)*500*time.Microsecond)
}
