package lameduck

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/wire"
)

// startHTTP2 runs p with a server that serves HTTP/2 in clear text.
func startHTTP2(t *testing.T, p *Process, h http.HandlerFunc) *trial {
	return startServer(t, p, serverOf(t, "h2c", h))
}

const largeRoom = 1 << 20

// socket is a new connection. The server's end is returned too.
func (x *trial) socket(room int) (client, server *memSocket) {
	x.t.Helper()
	server, client = memSockets(room)
	select {
	case x.l.conns <- server:
	case <-x.l.done:
		x.t.Fatal(errRefused)
	}
	x.t.Cleanup(func() { client.Close() })
	return client, server
}

func (x *trial) dialHTTP2() *h2Client {
	x.t.Helper()
	nc, _ := x.socket(largeRoom)
	c := speakHTTP2(x.t, nc)
	synctest.Wait()
	return c
}

func sleepyHandler(w http.ResponseWriter, r *http.Request) {
	if d, err := time.ParseDuration(r.URL.Query().Get("for")); err == nil {
		time.Sleep(d)
	}
	io.Copy(w, r.Body)
	io.WriteString(w, "ok")
}

// However the preface, and the frames behind it, are cut in two, the
// connection is known for what it is, and asked to leave.
func TestPrefaceSplitAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{}, sleepyHandler)
		begin := slices.Concat([]byte(wire.Preface), allWindows, rawFrame(typeHeaders, endStream|endHeaders, 1, rawRequest("GET", "/")...))
		var clients []*h2Client
		for split := range begin {
			nc, _ := x.socket(largeRoom)
			c := newH2Client(t, nc)
			clients = append(clients, c)
			c.send(begin[:split])
			time.Sleep(10 * time.Millisecond)
			c.send(begin[split:])
			go c.read() // it answers: not in the middle of a frame
			synctest.Wait()
			if body, whole := c.body(1); string(body) != "ok" || !whole {
				t.Errorf("split at %d: answer %q", split, body)
			}
		}
		x.terminate()
		x.endsAt(10 * time.Second)
		for split, c := range clients {
			if found := c.goAways(); len(found) != 2 || found[0].number() != noLimit || found[1].number() != 1 {
				t.Errorf("split at %d: %v", split, found)
			}
		}
	})
}

// What begins like the preface and goes on otherwise is HTTP/1.
func TestAlmostAPreface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{}, sleepyHandler)
		c := x.mustDial()
		for _, piece := range []string{"P", "O", "ST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n", "hi"} {
			io.WriteString(c, piece)
			synctest.Wait()
		}
		if res, err := c.answer(); err != nil || res.StatusCode != 200 {
			t.Error(res, err)
		}
		half := x.mustDial()
		io.WriteString(half, "PRI * HTTP/2.0\r\n\r\nSM\r")
		x.terminate()
		took, err := x.end()
		if took < 27*time.Second || err == nil || !strings.Contains(err.Error(), "a request that is still being read") {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
	})
}

// Every connection is asked at its own moment within Spread, once.
func TestGoAwayAtItsMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{Delay: 20 * time.Second, Spread: 10 * time.Second, Grace: time.Minute}, sleepyHandler)
		var idle, busy []*h2Client
		for range 40 {
			idle = append(idle, x.dialHTTP2())
			c := x.dialHTTP2()
			busy = append(busy, c)
			c.begin("/?for=40s")
		}
		idle[0].begin("/")
		idle[1].begin("/?for=1s")
		time.Sleep(2 * time.Second)
		moments := map[*h2Client]time.Duration{}
		for _, c := range x.conns.List() {
			i := slices.IndexFunc(append(idle, busy...), func(h *h2Client) bool { return h.Conn.(*memSocket).in == c.Conn.(*memSocket).out })
			moments[append(idle, busy...)[i]] = time.Duration(float64(c.Share) * float64(10*time.Second))
		}
		x.terminate()
		time.Sleep(15 * time.Second)
		for _, c := range append(idle, busy...) {
			goAways := c.goAways()
			if len(goAways) != 1 || goAways[0].number() != noLimit {
				t.Fatalf("GOAWAYs %v", goAways)
			}
			// The moment and the end of the observation are called each a millisecond late at most.
			want := moments[c] + link.ObserveFor
			if got := goAways[0].at.Sub(x.t0); got < want || got > want+2*time.Millisecond {
				t.Errorf("sent after %v, want %v", got, want)
			}
		}
		took, err := x.end()
		if err != nil || took < 38*time.Second || took > 38*time.Second+100*time.Millisecond {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
	})
}

// A client is not asked to leave when it is about to begin a stream, as it is
// behind an answer: when some of what it usually has under way has begun it is
// answered nothing until all has, and GOAWAY is written before the answers.
func TestGoAwayIsWrittenBeforeTheAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		begins int           // of 3, 60 ms after T0 and then 2 ms apart
		want   time.Duration // after T0
	}{
		"all":  {3, 64 * time.Millisecond},
		"some": {2, 60*time.Millisecond + link.HeldAtMost},
		"none": {0, link.AskWithin + link.HeldAtMost},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := startHTTP2(t, &Process{Spread: -1}, sleepyHandler)
				c := x.dialHTTP2()
				for range 3 {
					c.begin("/?for=20ms")
				}
				synctest.Wait()
				x.terminate()
				time.Sleep(60 * time.Millisecond)
				for range test.begins {
					c.begin("/")
					time.Sleep(2 * time.Millisecond)
				}
				time.Sleep(time.Second)
				if goAways := c.goAways(); len(goAways) != 1 || goAways[0].at.Sub(x.t0) != test.want {
					t.Fatalf("GOAWAYs %v at %v, want one %v after T0", goAways, goAways[0].at.Sub(x.t0), test.want)
				}
				goAway := slices.IndexFunc(c.all(), func(f frame) bool { return f.kind == typeGoAway })
				for i, f := range c.all() {
					if f.kind == typeHeaders && f.stream > 5 && i < goAway {
						t.Errorf("sent behind %v", f)
					}
				}
				for id := uint32(1); id <= c.last; id += 2 {
					if !c.answered(id) {
						t.Errorf("stream %d has no answer", id)
					}
				}
				x.endsAt(10 * time.Second)
			})
		})
	}
}

// A client may begin streams after it was asked, for it has not read that yet,
// or ignores it: they are served, and the last GOAWAY names the last one.
func TestStreamsAfterGoAwayAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{Quiet: 5 * time.Second}, sleepyHandler)
		c := x.dialHTTP2()
		c.deaf = func(f frame) bool { return f.kind == typePing }
		x.terminate()
		time.Sleep(4 * time.Second)
		if goAways := c.goAways(); len(goAways) != 1 {
			t.Fatalf("GOAWAYs %v", goAways)
		}
		for range 4 {
			c.begin("/")
			time.Sleep(2 * time.Second) // the last one comes at T0+10s, when the lame duck is over
		}
		x.endsAt(15 * time.Second)
		for id := uint32(1); id <= 7; id += 2 {
			if !c.answered(id) {
				t.Errorf("stream %d has no answer", id)
			}
		}
		if goAways := c.goAways(); len(goAways) != 2 || goAways[1].number() != 7 {
			t.Errorf("GOAWAYs %v", goAways)
		}
	})
}

// A connection whose client has confirmed that it will send no more is closed
// at once, and so does not hold the exit; any other when it was silent for
// Quiet; and none while a stream is open.
func TestWhenAConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{Delay: 2 * time.Second, Quiet: 5 * time.Second, Spread: -1}, sleepyHandler)
		acked, mute, chatty, busy := x.dialHTTP2(), x.dialHTTP2(), x.dialHTTP2(), x.dialHTTP2()
		for _, c := range []*h2Client{mute, chatty} {
			c.deaf = func(f frame) bool { return f.kind == typePing }
		}
		busy.begin("/?for=10s")
		x.terminate()
		time.Sleep(3 * time.Second)
		chatty.send(rawFrame(typePing, 0, 0, []byte("anyother")...))
		x.endsAt(10 * time.Second)
		for name, test := range map[string]struct {
			*h2Client
			want time.Duration
		}{
			"acked":  {acked, 2 * time.Second},
			"mute":   {mute, 5 * time.Second},
			"chatty": {chatty, 8 * time.Second},
			"busy":   {busy, 10 * time.Second},
		} {
			over, at := test.over()
			if got := at.Sub(x.t0); !over || got < test.want || got > test.want+100*time.Millisecond {
				t.Errorf("%s: closed %v, %v after T0, want %v", name, over, got, test.want)
			}
			if goAways := test.goAways(); len(goAways) != 2 {
				t.Errorf("%s: GOAWAYs %v", name, goAways)
			}
		}
		if n := x.conns.ClosedIdle.Load(); n != 2 {
			t.Errorf("%d connections were closed without the client's consent, want 2", n)
		}
	})
}

// A connection that comes when the lame duck has begun is asked too, within
// Spread of its own begin (golang/go#81153).
func TestLatePrefaceIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{}, sleepyHandler)
		nc, _ := x.socket(largeRoom) // before T0, and its preface after
		early := newH2Client(t, nc)
		x.terminate()
		time.Sleep(4 * time.Second)
		late := x.dialHTTP2()
		early.speak(allWindows)
		time.Sleep(4 * time.Second)
		for name, c := range map[string]*h2Client{"early": early, "late": late} {
			goAways := c.goAways()
			if len(goAways) != 1 {
				t.Fatalf("%s: GOAWAYs %v", name, goAways)
			}
			if at := goAways[0].at.Sub(x.t0); at < 4*time.Second || at > 7*time.Second+link.ObserveFor {
				t.Errorf("%s: asked %v after T0", name, at)
			}
		}
		x.endsAt(10 * time.Second)
	})
}

func TestStuckStreamIsCutAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/stuck" {
				<-r.Context().Done()
			}
		})
		c := x.dialHTTP2()
		c.begin("/")
		stuck := c.begin("/stuck?secret")
		c.begin("/")
		x.terminate()
		took, err := x.end()
		if took < 27*time.Second || took > 30*time.Second || !errors.Is(err, ErrCut) {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if all := oneByOne(err); len(all) != 1 || !strings.Contains(all[0].Error(), "GET /stuck from ") {
			t.Errorf("Run: %v", err)
		}
		if !c.answered(stuck) { // its context asked it to answer, and it was given the time
			t.Error("the stuck stream has no answer")
		}
	})
}

// Clients that stop reading, with a window or a socket that is full, hold
// nothing beyond the cut. Each is named once.
func TestClientThatNeverReads(t *testing.T) {
	for _, way := range []string{"window", "socket"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := startHTTP2(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
					for range 1 << 10 {
						if _, err := w.Write(make([]byte, 1<<10)); err != nil {
							return
						}
					}
				})
				nc, _ := x.socket(1 << 12)
				c := newH2Client(t, nc)
				c.send([]byte(wire.Preface))
				if way == "window" {
					go c.read()
					c.send(rawSettings())
				} else {
					c.send(allWindows)
				}
				c.begin("/large")
				c.begin("/large")
				x.terminate()
				took, err := x.end()
				if took < 27*time.Second || took > 30*time.Second {
					t.Errorf("ended %v after T0", took)
				}
				if all := oneByOne(err); len(all) != 2 || !strings.Contains(all[0].Error(), "GET /large") || !strings.Contains(all[1].Error(), "GET /large") {
					t.Errorf("%d were cut: %v", len(all), err)
				}
			})
		})
	}
}

// A slow answer of many large frames, and a GOAWAY in the middle of it: they
// are between two frames.
func TestGoAwayBetweenFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := bytes.Repeat([]byte("lameduck"), 1<<15)
		x := startHTTP2(t, &Process{Spread: -1}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/large" {
				return
			}
			w.Header().Set("Large", strings.Repeat("x", 40000)) // in several CONTINUATION frames
			w.Write(want)
		})
		var clients []*h2Client
		for i := range 30 {
			nc, _ := x.socket(1000 + 17*i)
			c := newH2Client(t, &slowReader{nc, 1000})
			clients = append(clients, c)
			c.speak(allWindows)
			c.begin("/large")
			time.Sleep(time.Duration(i) * 3 * time.Millisecond)
		}
		x.terminate()
		time.Sleep(100 * time.Millisecond)
		for _, c := range clients {
			c.begin("/")
		}
		x.endsAt(10 * time.Second)
		time.Sleep(time.Second) // they read on
		for i, c := range clients {
			if body, whole := c.body(1); !whole || !bytes.Equal(body, want) {
				t.Errorf("client %d: %d bytes, whole %v", i, len(body), whole)
			}
			if goAways := c.goAways(); len(goAways) != 2 || goAways[1].number() != 3 || len(c.seen(typeContinuation)) == 0 {
				t.Errorf("client %d: %v", i, goAways)
			}
		}
	})
}

// A slowReader takes a millisecond for each piece.
type slowReader struct {
	*memSocket
	most int
}

func (r *slowReader) Read(b []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return r.memSocket.Read(b[:min(len(b), r.most)])
}

// The client is not known to have read an answer when that has been written.
// If it is closed to it then, the kernel drops what has not left the machine.
func TestLastByteIsReadBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := bytes.Repeat([]byte("lameduck"), 1<<12)
		x := startHTTP2(t, &Process{Spread: -1}, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(12 * time.Second)
			w.Write(want)
		})
		nc, _ := x.socket(largeRoom)
		c := newH2Client(t, &slowReader{nc, 1000})
		c.deaf = func(f frame) bool {
			if f.kind == typeData {
				c.send(rawWindow(0, 1000))
			}
			return false
		}
		c.speak(allWindows)
		c.begin("/")
		x.terminate()
		if _, err := x.end(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if body, whole := c.body(1); !whole || len(body) != len(want) {
			t.Errorf("%d bytes of %d, whole %v", len(body), len(want), whole)
		}
	})
}

// A connection that has just become silent is not taken for one that has been
// silent for long.
func TestAnswerIsLingeredAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{Delay: 2 * time.Second, Quiet: 5 * time.Second, Spread: -1}, sleepyHandler)
		var clients []*h2Client
		for range 50 {
			c := x.dialHTTP2()
			c.deaf = func(f frame) bool { return f.kind == typePing }
			c.begin("/?for=10s")
			clients = append(clients, c)
		}
		x.terminate()
		x.endsAt(15 * time.Second)
		for _, c := range clients {
			if _, at := c.over(); at.Sub(x.t0) < 15*time.Second {
				t.Errorf("closed %v after T0, without a linger", at.Sub(x.t0))
			}
		}
	})
}

// A handler that sets Connection: close makes net/http send GOAWAY itself. A
// GOAWAY of ours must not raise the last stream of that (RFC 9113, section
// 6.8): nghttp2, hyper and grpc-go end the connection with an error then. And
// what begins behind it is not served, so it holds nothing.
func TestGoAwayOfTheServerItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{Spread: -1}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/close" {
				w.Header().Set("Connection", "close")
				return
			}
			sleepyHandler(w, r)
		})
		c := x.dialHTTP2()
		c.begin("/?for=5s")
		c.begin("/close")
		synctest.Wait()
		c.begin("/ignored")
		x.terminate()
		time.Sleep(4 * time.Second)
		limit := uint32(noLimit)
		for _, f := range c.seen(typeGoAway) {
			if f.number() > limit {
				t.Errorf("GOAWAY of %d after one of %d", f.number(), limit)
			}
			limit = f.number()
		}
		for _, c := range x.conns.List() {
			if n := c.Streams(); n != 1 {
				t.Errorf("%d streams are open, want 1", n)
			}
		}
		x.endsAt(10 * time.Second)
	})
}

// What a connection will speak may be known only when its moment has come.
func TestPrefaceAfterTheMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{}, sleepyHandler)
		nc, _ := x.socket(largeRoom)
		c := newH2Client(t, nc)
		c.send([]byte(wire.Preface[:20]))
		x.terminate()
		time.Sleep(12 * time.Second) // it holds the finishing phase
		c.send([]byte(wire.Preface[20:]), allWindows)
		go c.read()
		for range 20 {
			c.begin("/?for=50ms")
			time.Sleep(100 * time.Millisecond)
		}
		x.endsAt(14 * time.Second)
		if goAways := c.goAways(); len(goAways) != 2 || goAways[0].at.Sub(x.t0) > 12*time.Second+link.AskWithin {
			t.Errorf("GOAWAYs %v", goAways)
		}
	})
}

// A client that gives its last stream up, when nothing else happens, lets the
// connection be closed.
func TestStreamThatTheClientGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{}, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c := x.dialHTTP2()
		id := c.begin("/")
		x.terminate()
		time.Sleep(12 * time.Second)
		c.send(rawFrame(typeRSTStream, 0, id, 0, 0, 0, 8))
		x.endsAt(12 * time.Second)
	})
}

// A client that completes its preface when the listeners are closed already,
// and then sends nothing, does not hold the end until the cut.
func TestPrefaceAndNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startHTTP2(t, &Process{}, ok)
		nc, _ := x.socket(largeRoom)
		c := newH2Client(t, nc)
		c.deaf = func(f frame) bool { return f.kind == typePing }
		c.send([]byte(wire.Preface[:20]))
		x.terminate()
		time.Sleep(12 * time.Second)
		c.send([]byte(wire.Preface[20:]), allWindows)
		go c.read()
		took, err := x.end()
		if err != nil || took > 12*time.Second+3*time.Second {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
	})
}

// A connection whose socket is full can be sent nothing, neither by HTTP/2 nor
// by TLS, and does not hold the end for long.
func TestFullSocketDoesNotHoldTheExit(t *testing.T) {
	for _, way := range []string{"h2c", "tls", "http/1.1"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := serverOf(t, "tls", http.HandlerFunc(ok))
				if way == "h2c" {
					srv = serverOf(t, way, http.HandlerFunc(ok))
				}
				x := startServer(t, &Process{}, srv)
				var server *memSocket
				if way == "http/1.1" {
					var c *tls.Conn
					c, server = x.secure(largeRoom)
					io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
				} else {
					var nc net.Conn
					if way == "tls" {
						nc, server = x.secure(largeRoom, "h2")
					} else {
						nc, server = x.socket(largeRoom)
					}
					c := speakHTTP2(t, nc)
					synctest.Wait()
					c.begin("/")
				}
				time.Sleep(time.Second)
				server.out.mu.Lock()
				server.out.room = 0
				server.out.mu.Unlock()
				x.terminate()
				took, err := x.end()
				if err != nil || took > 20*time.Second {
					t.Errorf("ended %v after T0 with %v", took, err)
				}
			})
		})
	}
}

// A stream of which the begin has come is waited for, and named at the cut.
func TestPartOfAHeaderBlock(t *testing.T) {
	head := rawFrame(typeHeaders, endStream|endHeaders, 1, rawRequest("GET", "/")...)
	for _, come := range []int{1, 8, 9, 12, len(head) - 1, len(head)} {
		synctest.Test(t, func(t *testing.T) {
			x := startHTTP2(t, &Process{Spread: -1}, sleepyHandler)
			c := x.dialHTTP2()
			x.terminate()
			time.Sleep(9 * time.Second)
			c.send(head[:come])
			took, err := x.end()
			switch whole := come == len(head); {
			case whole && err != nil:
				t.Errorf("all of it has come: %v", err)
			case !whole && (!errors.Is(err, ErrCut) || !strings.Contains(err.Error(), link.StillRead) || took < 27*time.Second):
				t.Errorf("%d bytes have come: ended after %v with %v", come, took, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // which begins nothing
		x := startHTTP2(t, &Process{Spread: -1}, sleepyHandler)
		c := x.dialHTTP2()
		x.terminate()
		c.send(rawFrame(typePing, 0, 0, make([]byte, 8)...)[:12])
		if _, err := x.end(); err != nil {
			t.Errorf("half a PING: %v", err)
		}
	})
}

// So is one of which the begin comes when the final poll has been taken.
func TestPartOfAHeaderBlockAfterTheCut(t *testing.T) {
	head := rawFrame(typeHeaders, endStream|endHeaders, 3, rawRequest("GET", "/")...)
	for _, come := range []int{1, 12, len(head) - 1} {
		synctest.Test(t, func(t *testing.T) {
			x := startHTTP2(t, &Process{Spread: -1}, sleepyHandler)
			c := x.dialHTTP2()
			c.send(rawFrame(typeHeaders, endStream|endHeaders, 1, rawRequest("GET", "/?for=27.002s")...))
			synctest.Wait()
			x.terminate()
			time.Sleep(27*time.Second + time.Millisecond)
			c.writing <- struct{}{} // nothing is to come in between
			c.Write(head[:come])
			_, err := x.end()
			<-c.writing
			if all := oneByOne(err); len(all) != 2 || !strings.Contains(err.Error(), link.StillRead) {
				t.Errorf("%d bytes have come: Run: %v", come, err)
			}
		})
	}
}
