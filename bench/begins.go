package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

type beginPlan struct {
	conns, pairs int
	spread       time.Duration // over which the clients are asked to leave
}

// beginResult is what the start of a termination costs with many open connections, all
// idle, beside net/http that does nothing.
type beginResult struct {
	Conns    int        `json:"connections"`
	SpreadMS float64    `json:"spread_ms"`
	Rows     []beginRow `json:"rows"`
}

type beginRow struct {
	Proto      string `json:"protocol"`
	StallMS    pair   `json:"longest_stall_ms"` // of a request a millisecond
	CPU        pair   `json:"cpu_ms"`
	Goroutines pair   `json:"goroutines"` // made
	Timers     int    `json:"timers"`     // made by ours, and those of the requests
}

func measureBegin(ctx context.Context, p plan, res *results) error {
	out := &beginResult{Conns: p.begin.conns, SpreadMS: milliseconds(p.begin.spread)}
	for _, served := range []proto{clear1, clear2} {
		p.progress("begin: %d connections of %s", p.begin.conns, openName(served))
		row, err := p.begin.row(ctx, served)
		if err != nil {
			return fmt.Errorf("%s: %w", openName(served), err)
		}
		out.Rows = append(out.Rows, row)
	}
	res.Begin = out
	return nil
}

// openName is what the open connections speak.
func openName(p proto) string {
	if p == clear2 {
		return "HTTP/2"
	}
	return protoName(p)
}

func (p beginPlan) row(ctx context.Context, served proto) (beginRow, error) {
	var stall, cpu, goroutines [2][]float64
	measure := func(i int, kind, what string) func() error {
		return func() error {
			out, err := p.ask(ctx, kind, served, what)
			stall[i], cpu[i] = append(stall[i], out.StallMS), append(cpu[i], out.NS/1e6)
			goroutines[i] = append(goroutines[i], out.Goroutines)
			return err
		}
	}
	if err := inTurns(p.pairs, measure(0, shutdown, "open"), measure(1, ours, "begin")); err != nil {
		return beginRow{}, err
	}
	counted, err := p.ask(ctx, ours, served, "count") // on its own: counting costs time
	return beginRow{openName(served), pairOf(stall[0], stall[1]), pairOf(cpu[0], cpu[1]), pairOf(goroutines[0], goroutines[1]), int(counted.Timers)}, err
}

// ask has a server hold the connections. It is still a lame duck when all is measured.
func (p beginPlan) ask(ctx context.Context, kind string, served proto, what string) (measured, error) {
	return measureOnce(ctx, role{Kind: kind, Proto: served, InMemory: true, Delay: time.Hour, Spread: p.spread, Grace: 2 * time.Hour},
		measurement{What: what, N: p.conns, Within: p.spread})
}

// estimate is about how long it takes.
func (p beginPlan) estimate() time.Duration {
	return time.Duration(4*p.pairs+2) * (2*p.spread + time.Duration(p.conns)*100*time.Microsecond)
}

// begins holds so many idle connections, terminates this process if it is to, and sees
// for twice the time within which clients are asked to leave what that does.
func (s *inMemory) begins(m measurement, served proto) (out measured, err error) {
	var busy sync.WaitGroup
	busy.Add(m.N)
	for range m.N {
		c := newMemConn(1, busy.Done)
		if served == clear2 {
			c.request = firstOfHTTP2()
		}
		if err := s.hand(c); err != nil {
			return out, err
		}
	}
	busy.Wait()
	runtime.GC()
	var timers float64
	if m.What == "count" {
		countAllocations()
		timers = timersMade()
	}
	made, before := goroutinesMade(), cpuTime()
	if m.What != "open" {
		if err := terminateSelf(); err != nil {
			return out, err
		}
	}
	stall, err := s.longestStall(2 * m.Within)
	out = measured{NS: float64(cpuTime() - before), StallMS: milliseconds(stall), Goroutines: goroutinesMade() - made}
	if m.What == "count" {
		out.Timers = timersMade() - timers
	}
	return out, err
}

// firstOfHTTP2 is what a client sends first: a request.
func firstOfHTTP2() []byte {
	var out bytes.Buffer
	out.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&out, nil)
	framer.WriteSettings()
	framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndStream: true, EndHeaders: true,
		BlockFragment: []byte("\x82\x86\x84\x01\x05bench")}) // GET http / from the static table, and :authority
	return out.Bytes()
}

// longestStall sends a request each millisecond, and returns how long after its
// millisecond the slowest was answered.
func (s *inMemory) longestStall(length time.Duration) (worst time.Duration, err error) {
	var c net.Conn
	var answers *bufio.Reader
	due := time.Now()
	for end := due.Add(length); due.Before(end); due = due.Add(time.Millisecond) {
		time.Sleep(time.Until(due))
		if c == nil {
			var server net.Conn
			server, c = net.Pipe()
			if err := s.hand(server); err != nil {
				return worst, err
			}
			answers = bufio.NewReader(c)
		}
		if _, err := c.Write(memRequest); err != nil {
			return worst, err
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return worst, err
		}
		if _, err := answers.Discard(int(answer.ContentLength)); err != nil {
			return worst, err
		}
		worst = max(worst, time.Since(due))
		if answer.Close {
			c.Close()
			c = nil
		}
	}
	return worst, nil
}

// goroutinesMade is how many goroutines were made so far.
func goroutinesMade() float64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// countAllocations makes timersMade exact from here on: each allocation is noted.
func countAllocations() {
	runtime.MemProfileRate = 1
	for i := range 1 << 14 { // until the next sample that was chosen before
		runtime.KeepAlive(make([]byte, 1<<10+i%2)) // of a size that is not known to the compiler: on the heap
	}
}

// timersMade is how many timers were made, by the places where memory was made.
func timersMade() (n float64) {
	runtime.GC()
	runtime.GC() // the profile is that of the last but one
	records := make([]runtime.MemProfileRecord, 1000)
	for {
		many, ok := runtime.MemProfile(records, true)
		if ok {
			records = records[:many]
			break
		}
		records = make([]runtime.MemProfileRecord, 2*many)
	}
	for _, r := range records {
		frames := runtime.CallersFrames(r.Stack())
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			if f.Function == "time.newTimer" || strings.HasPrefix(f.Function, "time.AfterFunc") || f.Function == "time.NewTimer" {
				n += float64(r.AllocObjects)
				break
			}
		}
	}
	return n
}
