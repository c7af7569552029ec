package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

type leavingPlan struct {
	runs         int
	atOnce       int           // runs with a client that takes seconds: all at the same time
	window       time.Duration // from SIGTERM to the end of serving
	budget, slow time.Duration // from SIGTERM to the cut; how long the slow request takes
}

// leavingResult is how long processes take to exit, beyond their window.
type leavingResult struct {
	WindowMS float64      `json:"window_ms"`
	BudgetMS float64      `json:"budget_ms"`
	Runs     int          `json:"runs"`
	AtOnce   int          `json:"runs_at_once"` // with a client that takes seconds
	Rows     []leavingRow `json:"rows"`
}

// leavingRow is one peer with one client.
type leavingRow struct {
	Peer   string `json:"peer"`
	Client string `json:"client"`
	TailMS spread `json:"tail_ms"`     // from SIGTERM to the exit, less the window
	Cut    int    `json:"runs_cut"`    // the request in flight was cut
	Killed int    `json:"runs_killed"` // did not exit within the budget
	N      int    `json:"terminations"`
}

// An openClient is the client that a server has at SIGTERM. After the exit, cut reports
// whether its request was cut; hangUp closes its connection.
type openClient struct {
	name    string
	proto   proto
	long    bool // it takes seconds: all runs at the same time
	connect func(p leavingPlan, addr string) (cut func() bool, hangUp func(), err error)
}

func neverCut() bool { return false }

var openClients = []openClient{
	{name: "nothing", connect: func(_ leavingPlan, addr string) (func() bool, func(), error) {
		hangUp, err := oneRequest(addr, engine.Once)
		return neverCut, hangUp, err
	}},
	{name: "an idle keep-alive connection", connect: func(_ leavingPlan, addr string) (func() bool, func(), error) {
		hangUp, err := oneRequest(addr, engine.Kept)
		return neverCut, hangUp, err
	}},
	{name: "an idle HTTP/2 connection", proto: clear2, connect: idleHTTP2},
	{name: "a connection on which nothing was sent", long: true, connect: silent},
	{name: "a request of 5 s", long: true, connect: slowRequest},
	{name: "a WebSocket that never closes", long: true, connect: unresponsiveWebSocket},
}

func silent(_ leavingPlan, addr string) (func() bool, func(), error) {
	hangUp, err := dialSilent(addr)
	return neverCut, hangUp, err
}

// idleHTTP2 leaves one connection in the pool of net/http's Transport, which closes it
// after a GOAWAY.
func idleHTTP2(_ leavingPlan, addr string) (func() bool, func(), error) {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	_, err := post(context.Background(), transport, "http://"+addr+"/", true)
	return neverCut, transport.CloseIdleConnections, err
}

func slowRequest(p leavingPlan, addr string) (func() bool, func(), error) {
	c, answer, err := get(addr, fmt.Sprintf("/slow?for=%v", p.slow), "")
	if err != nil {
		return nil, nil, err
	}
	cut := func() bool {
		_, err := io.Copy(io.Discard, answer.Body)
		return err != nil
	}
	return cut, func() { c.Close() }, nil
}

// get returns when the answer has begun.
func get(addr, path, header string) (net.Conn, *http.Response, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	var answer *http.Response
	if _, err = io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: "+addr+"\r\n"+header+"\r\n"); err == nil {
		answer, err = http.ReadResponse(bufio.NewReader(c), nil)
	}
	if err == nil && answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusSwitchingProtocols {
		err = errors.New(answer.Status)
	}
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	return c, answer, nil
}

// unresponsiveWebSocket opens a WebSocket and then sends nothing, and answers no Close
// frame. It was cut if the server has sent none.
func unresponsiveWebSocket(_ leavingPlan, addr string) (func() bool, func(), error) {
	c, _, err := get(addr, "/websocket", "Connection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
	if err != nil {
		return nil, nil, err
	}
	cut := func() bool {
		const closeFrame = 0x80 | 8
		var first [1]byte
		_, err := c.Read(first[:])
		return err != nil || first[0] != closeFrame
	}
	return cut, func() { c.Close() }, nil
}

func measureLeaving(ctx context.Context, p plan, res *results) error {
	out := &leavingResult{WindowMS: milliseconds(p.leaving.window), BudgetMS: milliseconds(p.leaving.budget), Runs: p.leaving.runs, AtOnce: p.leaving.atOnce}
	for _, o := range openClients {
		p.progress("leaving: %s", o.name)
		rows, err := p.leaving.all(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
		out.Rows = append(out.Rows, rows...)
	}
	res.Leaving = out
	return nil
}

// all times the exits of all peers with one client: in turns, one after the
// other; or all at the same time where a few milliseconds more do not matter.
func (p leavingPlan) all(ctx context.Context, o openClient) ([]leavingRow, error) {
	rows := make([]leavingRow, len(peers))
	tails := make([][]float64, len(peers))
	var mu sync.Mutex
	var failed error
	var group sync.WaitGroup
	for range p.runsWith(o) {
		for i, peer := range peers {
			group.Go(func() {
				one, err := p.one(ctx, peer, o)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("%s: %w", peer.name, err))
					return
				}
				tails[i] = append(tails[i], milliseconds(one.took-p.window))
				rows[i].add(one)
			})
			if !o.long {
				group.Wait()
			}
		}
	}
	group.Wait()
	for i, peer := range peers {
		rows[i].Peer, rows[i].Client, rows[i].TailMS = peer.name, o.name, spreadOf(tails[i])
	}
	return rows, failed
}

func (p leavingPlan) runsWith(o openClient) int {
	if o.long {
		return p.atOnce
	}
	return p.runs
}

// An exitTime is one termination that was timed.
type exitTime struct {
	took        time.Duration
	cut, killed bool
}

func (r *leavingRow) add(l exitTime) {
	r.N++
	if l.cut {
		r.Cut++
	}
	if l.killed {
		r.Killed++
	}
}

func (p leavingPlan) one(ctx context.Context, peer peer, o openClient) (out exitTime, err error) {
	c, err := startChild(ctx, role{Kind: peer.name, Proto: o.proto, Delay: p.window, Quiet: p.window / 3, Grace: p.budget}, 0)
	if err != nil {
		return out, err
	}
	defer c.stop()
	cut, hangUp, err := o.connect(p, c.addr)
	if err != nil {
		return out, err
	}
	defer hangUp()
	time.Sleep(settle)
	if out.took, out.killed, err = c.terminateWithin(ctx, p.budget+killAfter); err != nil {
		return out, err
	}
	out.cut = cut()
	return out, nil
}

// estimate is about how long it takes. Beside a request that does not end, most peers
// exit at the end of the budget.
func (p leavingPlan) estimate() time.Duration {
	short := time.Duration(0)
	long := time.Duration(0)
	for _, o := range openClients {
		if o.long {
			long += p.budget + killAfter
			continue
		}
		short += time.Duration(p.runsWith(o)*len(peers)) * (p.window + 300*time.Millisecond)
	}
	return short + long
}
