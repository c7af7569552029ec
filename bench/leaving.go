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
	atOnce       int           // runs with a guest that takes seconds: all of them side by side
	window       time.Duration // from SIGTERM to the end of serving
	budget, slow time.Duration // from SIGTERM to the cut; how long the slow request takes
}

// leavingResult is how long processes take to exit, beyond their window.
type leavingResult struct {
	WindowMS float64      `json:"window_ms"`
	BudgetMS float64      `json:"budget_ms"`
	Runs     int          `json:"runs"`
	AtOnce   int          `json:"runs_at_once"` // with a guest that takes seconds
	Rows     []leavingRow `json:"rows"`
}

// leavingRow is one peer with one client.
type leavingRow struct {
	Peer   string `json:"peer"`
	Client string `json:"client"`
	TailMS spread `json:"tail_ms"`     // from SIGTERM to the exit, less the window
	Cut    int    `json:"runs_cut"`    // what was under way was cut
	Killed int    `json:"runs_killed"` // did not exit within the budget
	N      int    `json:"terminations"`
}

// A guest is what a server has under way at SIGTERM. Its arrive returns how
// to learn, after the exit, whether it was cut; and how to hang up.
type guest struct {
	name   string
	proto  proto
	long   bool // it takes seconds: all runs at once
	arrive func(p leavingPlan, addr string) (cut func() bool, hangUp func(), err error)
}

func neverCut() bool { return false }

var guests = []guest{
	{name: "nothing", arrive: func(_ leavingPlan, addr string) (func() bool, func(), error) {
		hangUp, err := oneRequest(addr, engine.Once)
		return neverCut, hangUp, err
	}},
	{name: "an idle keep-alive connection", arrive: func(_ leavingPlan, addr string) (func() bool, func(), error) {
		hangUp, err := oneRequest(addr, engine.Kept)
		return neverCut, hangUp, err
	}},
	{name: "an idle HTTP/2 connection", proto: clear2, arrive: idleHTTP2},
	{name: "a connection that never spoke", long: true, arrive: silent},
	{name: "a request of 5 s", long: true, arrive: slowRequest},
	{name: "a WebSocket that never closes", long: true, arrive: unresponsiveWebSocket},
}

func silent(_ leavingPlan, addr string) (func() bool, func(), error) {
	hangUp, err := dialSilent(addr)
	return neverCut, hangUp, err
}

// idleHTTP2 leaves one connection in a pool. What closes it on this side is
// net/http's Transport, as it does after a GOAWAY.
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

// unresponsiveWebSocket opens a WebSocket and then neither sends nor answers anything,
// a Close frame neither. It was cut if it never was sent one.
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
	for _, g := range guests {
		p.progress("leaving: %s", g.name)
		rows, err := p.leaving.all(ctx, g)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		out.Rows = append(out.Rows, rows...)
	}
	res.Leaving = out
	return nil
}

// all times the exits of all peers with one guest: in turns, one after the
// other; or all runs at once where a few milliseconds more do not matter.
func (p leavingPlan) all(ctx context.Context, g guest) ([]leavingRow, error) {
	rows := make([]leavingRow, len(peers))
	tails := make([][]float64, len(peers))
	var mu sync.Mutex
	var failed error
	var group sync.WaitGroup
	for range p.runsWith(g) {
		for i, peer := range peers {
			group.Go(func() {
				one, err := p.one(ctx, peer, g)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("%s: %w", peer.name, err))
					return
				}
				tails[i] = append(tails[i], milliseconds(one.took-p.window))
				rows[i].add(one)
			})
			if !g.long {
				group.Wait()
			}
		}
	}
	group.Wait()
	for i, peer := range peers {
		rows[i].Peer, rows[i].Client, rows[i].TailMS = peer.name, g.name, spreadOf(tails[i])
	}
	return rows, failed
}

func (p leavingPlan) runsWith(g guest) int {
	if g.long {
		return p.atOnce
	}
	return p.runs
}

// A leave is one termination that was timed.
type leave struct {
	took        time.Duration
	cut, killed bool
}

func (r *leavingRow) add(l leave) {
	r.N++
	if l.cut {
		r.Cut++
	}
	if l.killed {
		r.Killed++
	}
}

func (p leavingPlan) one(ctx context.Context, peer peer, g guest) (out leave, err error) {
	c, err := startChild(ctx, role{Kind: peer.name, Proto: g.proto, Delay: p.window, Quiet: p.window / 3, Grace: p.budget}, 0)
	if err != nil {
		return out, err
	}
	defer c.stop()
	cut, hangUp, err := g.arrive(p, c.addr)
	if err != nil {
		return out, err
	}
	defer hangUp()
	time.Sleep(settle)
	if out.took, out.killed, err = c.terminateWithin(ctx, p.budget+mercy); err != nil {
		return out, err
	}
	out.cut = cut()
	return out, nil
}

// estimate is about how long it takes. The peers that wait for what never
// ends wait for the budget.
func (p leavingPlan) estimate() time.Duration {
	short := time.Duration(0)
	long := time.Duration(0)
	for _, g := range guests {
		if g.long {
			long += p.budget + mercy
			continue
		}
		short += time.Duration(p.runsWith(g)*len(peers)) * (p.window + 300*time.Millisecond)
	}
	return short + long
}
