package lameduck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestNothingInFlightEndsAfterDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		x.terminate()
		x.endsAt(10 * time.Second)
	})
}

func TestClocksOfTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{Delay: 3 * time.Second, Quiet: -1}, ok)
		x.terminate()
		x.endsAt(3 * time.Second)
	})
}

func TestLateConnectionsAreServedUntilQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		x.terminate()
		for range 12 {
			time.Sleep(time.Second)
			res := x.mustGet(x.mustDial(), "/")
			if !res.Close {
				t.Error("a late connection is not asked to leave")
			}
		}
		// The last one came 12 s after T0; Quiet is 2 s.
		x.endsAt(14 * time.Second)
	})
}

func TestLateConnectionsDoNotHoldForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		x.terminate()
		x.everySecond(func(c *client) { x.mustGet(c, "/") })
		// Halfway between Delay (10 s) and the cut (27 s).
		x.endsAt(18500 * time.Millisecond)
	})
}

func TestProbesDoNotHoldTheLameDuck(t *testing.T) {
	probes := map[string]func(*trial, *client){
		"kubelet":  func(x *trial, c *client) { x.mustGet(c, "/", "User-Agent: kube-probe/1.34") },
		"balancer": func(x *trial, c *client) { x.mustGet(c, "/ready", "User-Agent: ELB-HealthChecker/2.0") },
		"own":      func(x *trial, c *client) { x.mustGet(c, "/", "User-Agent: GoogleHC/1.0") },
		"connect":  func(*trial, *client) {},
	}
	for name, probe := range probes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mux := http.NewServeMux()
				mux.HandleFunc("/", ok)
				mux.HandleFunc("/ready", Ready)
				x := start(t, &Process{IsProbe: isGoogleHC}, mux.ServeHTTP)
				x.terminate()
				x.everySecond(func(c *client) { probe(x, c) })
				x.endsAt(10 * time.Second)
				if n := x.conns.ClosedIdle.Load(); n != 0 {
					t.Errorf("%d closed idle, want 0", n)
				}
			})
		})
	}
}

// isGoogleHC is an IsProbe.
func isGoogleHC(r *http.Request) bool { return strings.HasPrefix(r.UserAgent(), "GoogleHC/") }

// The same over HTTP/2, and a client beside the probes counts.
func TestProbesOfTheProgramOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h2c := new(http.Protocols)
		h2c.SetUnencryptedHTTP2(true)
		x := startServer(t, &Process{IsProbe: isGoogleHC}, &http.Server{Handler: http.HandlerFunc(ok), Protocols: h2c})
		get := func(agent string) {
			t.Helper()
			transport := &http.Transport{Protocols: h2c, DialContext: func(context.Context, string, string) (net.Conn, error) { return x.dial() }}
			defer transport.CloseIdleConnections()
			r, _ := http.NewRequest("GET", "http://test/", nil)
			r.Header.Set("User-Agent", agent)
			res, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		}
		x.terminate()
		time.Sleep(time.Second)
		for _, step := range []struct {
			agent string
			late  int
		}{{"GoogleHC/1.0", 0}, {"curl/8.17.0", 1}, {"GoogleHC/1.0", 1}} {
			get(step.agent)
			if s := x.Status(); s.LateRequests != step.late || s.LateConnections != step.late {
				t.Errorf("after %s: %d late requests, %d late connections, want %d", step.agent, s.LateRequests, s.LateConnections, step.late)
			}
		}
		x.endsAt(10 * time.Second)
	})
}

func TestEachConnectionIsAskedToLeaveAtItsOwnMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		clients := make([]*client, 20)
		for i := range clients {
			clients[i] = x.mustDial()
			if x.mustGet(clients[i], "/").Close {
				t.Fatal("asked to leave before T0")
			}
		}
		x.terminate()
		moments := map[time.Duration]int{}
		for len(clients) > 0 {
			time.Sleep(100 * time.Millisecond)
			stay := clients[:0]
			for _, c := range clients {
				if x.mustGet(c, "/").Close {
					moments[time.Since(x.t0).Round(100*time.Millisecond)]++
				} else {
					stay = append(stay, c)
				}
			}
			clients = stay
		}
		for at := range moments {
			if at > 3200*time.Millisecond {
				t.Errorf("asked to leave %v after T0, Spread is 3 s", at)
			}
		}
		if len(moments) < 5 {
			t.Errorf("all asked to leave at the same time: %v", moments)
		}
		x.endsAt(10 * time.Second)
	})
}

func TestSilentConnectionsAreClosedAfterTheLameDuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, ok)
		kept, silent := x.mustDial(), x.mustDial()
		x.mustGet(kept, "/")
		x.terminate()
		closed := make(chan time.Duration, 2)
		for _, c := range []*client{kept, silent} {
			go func() {
				c.r.ReadByte()
				closed <- time.Since(x.t0)
			}()
		}
		x.endsAt(10 * time.Second)
		for range 2 {
			if at := <-closed; at < 10*time.Second {
				t.Errorf("closed %v after T0, in the middle of the lame duck", at)
			}
		}
		if n := x.conns.ClosedIdle.Load(); n != 2 {
			t.Errorf("counted %d connections closed idle, want 2", n)
		}
	})
}

// A connection whose answer was under way when the lame duck ended has not
// been asked to leave: its client may send the next request at once.
func TestJustAnsweredConnectionGetsItsNextRequestServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/long" {
				w.(http.Flusher).Flush() // the head is on its way without Connection: close
				time.Sleep(15 * time.Second)
			}
		})
		c := x.mustDial()
		done := make(chan bool)
		go func() {
			defer close(done)
			if x.mustGet(c, "/long").Close {
				t.Error("the first answer has Connection: close: the test shows nothing")
			}
			time.Sleep(time.Second) // thinks
			if !x.mustGet(c, "/").Close {
				t.Error("the second answer has no Connection: close")
			}
		}()
		synctest.Wait()
		x.terminate()
		<-done
		x.endsAt(16 * time.Second)
	})
}

func TestRequestInFlightFinishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(20 * time.Second)
			ok(w, r)
		})
		c := x.mustDial()
		go x.mustGet(c, "/")
		synctest.Wait()
		x.terminate()
		x.endsAt(20 * time.Second)
	})
}

// The head of a request trickles in while the connection counts as idle for
// net/http: Shutdown would close it.
func TestHalfReadRequestIsInFlight(t *testing.T) {
	for _, fresh := range []bool{true, false} {
		t.Run(fmt.Sprint("fresh=", fresh), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := start(t, &Process{}, ok)
				c := x.mustDial()
				if !fresh {
					x.mustGet(c, "/")
				}
				x.terminate()
				time.Sleep(8 * time.Second)
				go func() {
					for _, piece := range []string{"GET / HTTP/1.1\r\n", "Host: test\r\n", "\r\n"} {
						time.Sleep(time.Second)
						if _, err := io.WriteString(c, piece); err != nil {
							t.Errorf("%v after T0: %v", time.Since(x.t0), err)
							return
						}
					}
				}()
				if res, err := c.answer(); err != nil || !res.Close {
					t.Errorf("answer %v, error %v", res, err)
				}
				x.endsAt(11 * time.Second)
			})
		})
	}
}

func TestCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		causes := make(chan error, 1)
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			causes <- context.Cause(r.Context())
		})
		c := x.mustDial()
		go c.get("/stuck?token=secret")
		synctest.Wait()
		x.terminate()
		took, err := x.end()
		if took < 27*time.Second || took > 30*time.Second {
			t.Errorf("ended %v after T0, want between the cut at 27 s and 30 s", took)
		}
		if !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), "GET /stuck from") || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %q, want one that names GET /stuck and not its query", err)
		}
		if cause := <-causes; !errors.Is(cause, ErrCut) {
			t.Errorf("the handler's context ended because of %v, want ErrCut", cause)
		}
	})
}

func TestHandlerThatMindsNothingIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := make(chan struct{})
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) { <-forever })
		c := x.mustDial()
		go c.get("/")
		synctest.Wait()
		x.terminate()
		if took, err := x.end(); took > 30*time.Second || !errors.Is(err, ErrCut) {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		close(forever)
	})
}

func TestHijackedConnectionIsAskedAndWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		x := start(t, p, func(w http.ResponseWriter, r *http.Request) {
			nc, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			draining := Draining(r.Context())
			go func() { // the handler returns; net/http has forgotten the connection
				<-draining
				if at := time.Since(p.state.Current.Load().T0); at > 3*time.Second {
					t.Errorf("asked %v after T0, Spread is 3 s", at)
				}
				io.WriteString(nc, "bye\n")
				time.Sleep(15 * time.Second)
				nc.Close()
			}()
		})
		c := x.mustDial()
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		time.Sleep(time.Minute)
		x.terminate()
		line, err := c.r.ReadString('\n')
		if line != "bye\n" || err != nil {
			t.Fatalf("%q, %v", line, err)
		}
		asked := time.Since(x.t0)
		x.endsAt(asked + 15*time.Second)
	})
}

func TestHijackedConnectionThatNeverEndsIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept net.Conn // else the garbage collector may close it
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			kept, _, _ = http.NewResponseController(w).Hijack()
		})
		defer func() { runtime.KeepAlive(kept) }()
		c := x.mustDial()
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		synctest.Wait()
		x.terminate()
		took, err := x.end()
		if !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), "hijacked connection") || took > 30*time.Second {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if _, err := c.r.ReadByte(); err == nil {
			t.Error("the connection is still open")
		}
	})
}

func TestPanicInAHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/panic" {
				panic("as intended")
			}
			ok(w, r)
		})
		x.terminate()
		if _, err := x.mustDial().get("/panic"); err == nil {
			t.Error("an answer from a handler that panicked")
		}
		x.mustGet(x.mustDial(), "/")
		x.endsAt(10 * time.Second)
	})
}

func TestReadiness(t *testing.T) {
	for _, fail := range []bool{false, true} {
		t.Run(fmt.Sprint("fail=", fail), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := start(t, &Process{FailReadiness: fail}, Ready)
				if code := x.mustGet(x.mustDial(), "/").StatusCode; code != 200 {
					t.Errorf("while serving: %d", code)
				}
				x.terminate()
				want := 200
				if fail {
					want = 503
				}
				if code := x.mustGet(x.mustDial(), "/").StatusCode; code != want {
					t.Errorf("while terminating: %d, want %d", code, want)
				}
				x.endsAt(10 * time.Second)
			})
		})
	}
}

func TestHurrySkipsDelayAndQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(5 * time.Second)
			ok(w, r)
		})
		busy, kept := x.mustDial(), x.mustDial()
		x.mustGet(kept, "/")
		go x.mustGet(busy, "/")
		synctest.Wait()
		x.terminate()
		x.state.Current.Load().Hurry.Set()
		x.endsAt(5 * time.Second)
	})
}

func TestSecondSignalCutsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Process{}
		flushed := false
		p.AddCloser("flush", func(context.Context) error { flushed = true; return nil })
		x := start(t, p, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		go x.mustDial().get("/")
		synctest.Wait()
		x.terminate()
		time.Sleep(time.Second)
		x.state.Current.Load().Cut.Set()
		took, err := x.end()
		if took > 2*time.Second || !errors.Is(err, ErrCut) || !flushed {
			t.Errorf("ended %v after T0 with %v, flushed: %v", took, err, flushed)
		}
	})
}

func TestPreStopThenSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		mux.HandleFunc("/", ok)
		mux.HandleFunc("/prestop", PreStop)
		x := start(t, &Process{}, mux.ServeHTTP)
		x.t0 = time.Now()
		hook := x.mustDial()
		answered := make(chan time.Duration)
		go func() {
			x.mustGet(hook, "/prestop")
			answered <- time.Since(x.t0)
		}()
		time.Sleep(time.Second)
		x.mustGet(x.mustDial(), "/")
		if at := <-answered; at < 10*time.Second || at > 10100*time.Millisecond {
			t.Errorf("the hook was answered %v after it began, want 10 s", at)
		}
		x.mustGet(x.mustDial(), "/") // until the signal comes it serves on
		time.Sleep(time.Second)
		x.cancel(errors.New("the kubelet's signal"))
		// The lame duck is over: no second Delay. The late connection at 10 s
		// is quiet for less than the linger; it was closed after its GOAWAY.
		x.endsAt(11 * time.Second)
	})
}

func TestPreStopWithoutSignalServesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		mux.HandleFunc("/", ok)
		mux.HandleFunc("/prestop", PreStop)
		x := start(t, &Process{}, mux.ServeHTTP)
		x.mustGet(x.mustDial(), "/prestop")
		time.Sleep(time.Minute)
		c := x.mustDial()
		if x.mustGet(c, "/").Close {
			t.Error("still asking clients to leave")
		}
		x.terminate()
		x.endsAt(10 * time.Second) // the whole Delay
	})
}
