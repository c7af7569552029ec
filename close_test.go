package lameduck

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An answer that begins after the connection's moment has Connection: close, also if its
// handler was at work before, and whatever header the handler sets itself.
func TestEveryAnswerAfterTheMomentHasClose(t *testing.T) {
	for _, header := range []string{"", "keep-alive"} {
		for _, body := range []int{0, 10, 100_000} {
			for _, continued := range []bool{false, true} {
				t.Run(fmt.Sprintf("header=%q body=%d continued=%v", header, body, continued), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
							if continued {
								w.WriteHeader(http.StatusEarlyHints)
							}
							time.Sleep(5 * time.Second)
							if header != "" {
								w.Header().Set("Connection", header)
							}
							io.WriteString(w, strings.Repeat("HTTP/1.1 ", body/9))
						})
						c := x.mustDial()
						answered := make(chan struct{})
						go func() {
							defer close(answered)
							res, err := c.get("/")
							if err == nil && res.StatusCode == http.StatusEarlyHints {
								res, err = c.answer()
							}
							if err != nil || !res.Close {
								t.Errorf("answer %v, error %v", res, err)
							}
						}()
						time.Sleep(time.Second)
						x.terminate()
						<-answered
						c.Close()
						x.endsAt(10 * time.Second)
					})
				})
			}
		}
	}
}

// An answer that was begun before T0 may have a body that looks like a head.
func TestBodyThatLooksLikeAHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const body = "HTTP/1.1 200 OK\r\nServer: other\r\n\r\nwhat was recorded"
		x := start(t, &Process{Spread: -1}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Second)
			io.WriteString(w, body)
		})
		c := x.mustDial()
		got := make(chan string, 1)
		go func() {
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
			res, err := http.ReadResponse(c.r, nil)
			if err != nil {
				t.Error(err)
			}
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Error(err)
			}
			got <- string(b)
		}()
		synctest.Wait()
		x.terminate()
		if b := <-got; b != body {
			t.Errorf("%q", b)
		}
		x.endsAt(10 * time.Second)
	})
}

// An upgrade, of whatever protocol, is answered as it is while serving: a client
// that finds close beside Upgrade takes the connection for an ordinary one. An
// answer that is no upgrade asks the client to leave.
func TestUpgradeAfterT0(t *testing.T) {
	for name, test := range map[string]struct {
		request []string // its header
		upgrade bool     // the handler's answer
		want    []string // Connection of that
	}{
		"WebSocket":            {[]string{"Connection: keep-alive, Upgrade", "Upgrade: websocket"}, true, []string{"Upgrade"}},
		"SPDY":                 {[]string{"Connection: Upgrade", "Upgrade: SPDY/3.1"}, true, []string{"Upgrade"}},
		"tcp":                  {[]string{"Connection: keep-alive", "Connection: upgrade", "Upgrade: tcp"}, true, []string{"Upgrade"}},
		"refused":              {[]string{"Connection: Upgrade", "Upgrade: SPDY/3.1"}, false, []string{"close"}},
		"HTTP/2, not accepted": {[]string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"}, false, []string{"close"}},
		"none":                 {[]string{"Connection: keep-alive"}, false, []string{"close"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := start(t, &Process{Spread: -1}, func(w http.ResponseWriter, r *http.Request) {
					if test.upgrade {
						upgrade(t, w, r)
					}
				})
				x.terminate()
				time.Sleep(time.Second)
				c := x.mustDial()
				fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: test\r\n%s\r\n\r\n", strings.Join(test.request, "\r\n"))
				answer, err := textproto.NewReader(c.r).ReadLine()
				header, err2 := textproto.NewReader(c.r).ReadMIMEHeader()
				if err = errors.Join(err, err2); err != nil || strings.HasPrefix(answer, "HTTP/1.1 101 ") != test.upgrade || !slices.Equal(header["Connection"], test.want) {
					t.Errorf("%s, Connection %q, want %q: %v", answer, header["Connection"], test.want, err)
				}
				if b, err := io.ReadAll(io.LimitReader(c.r, 5)); test.upgrade && string(b) != "hello" {
					t.Errorf("behind the answer: %q, %v", b, err)
				}
				c.Close()
				x.endsAt(10 * time.Second)
			})
		})
	}
}

// upgrade accepts an upgrade as httputil.ReverseProxy does: it hijacks, and then
// writes the answer with the header that it finds in w.
func upgrade(t *testing.T, w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Connection", "Upgrade")
	w.Header().Add("Upgrade", r.Header.Get("Upgrade"))
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer nc.Close()
	answer := &http.Response{StatusCode: http.StatusSwitchingProtocols, ProtoMajor: 1, ProtoMinor: 1, Header: w.Header()}
	answer.Write(rw)
	rw.WriteString("hello")
	rw.Flush()
}

// An answer 1xx goes out as the handler made it, without the Connection: close that
// its final answer has, however long its head is.
func TestInformationalAnswersAfterT0(t *testing.T) {
	for name, header := range map[string]http.Header{
		"plain":               {"Link": {"</a>"}},
		"a name that ends so": {"A-Connection": {"close"}, "B": {"b"}, "Proxy-Connection": {"close"}},
		"longer than 4 KiB":   {"Link": {strings.Repeat("a", 5000)}, "Next": {strings.Repeat("b", 9000)}},
	} {
		for when, sent := range map[string]time.Duration{"before": 0, "after": 2 * time.Second} {
			t.Run(fmt.Sprintf("%s, %s T0", name, when), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x := start(t, &Process{Spread: -1}, func(w http.ResponseWriter, r *http.Request) {
						time.Sleep(2 * time.Second)
						maps.Copy(w.Header(), header)
						w.WriteHeader(http.StatusEarlyHints)
						for name := range header {
							w.Header().Del(name)
						}
					})
					c := x.mustDial()
					time.AfterFunc(sent, func() { io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n") })
					time.Sleep(time.Second)
					x.terminate()
					hints, err := http.ReadResponse(c.r, nil)
					if err != nil || hints.StatusCode != http.StatusEarlyHints || !maps.EqualFunc(hints.Header, header, slices.Equal) {
						t.Errorf("%v, error %v", hints, err)
					} else if res, err := c.answer(); err != nil || res.StatusCode != http.StatusOK || !res.Close {
						t.Errorf("%v, error %v", res, err)
					}
					c.Close()
					x.endsAt(10 * time.Second)
				})
			})
		}
	}
}

// OPTIONS * is net/http's to answer, and yet a request like any other.
func TestOptionsOfTheServerAreARequest(t *testing.T) {
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprint("handler of the program=", own), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				srv := &http.Server{DisableGeneralOptionsHandler: own, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++ })}
				x := startServer(t, &Process{Spread: -1}, srv)
				const request = "OPTIONS * HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi"
				early := x.mustDial()
				options := func(c *client) *http.Response {
					t.Helper()
					io.WriteString(c, request)
					res, err := c.answer()
					if err != nil || res.StatusCode != http.StatusOK || res.ContentLength != 0 {
						t.Fatalf("%+v, %v", res, err)
					}
					return res
				}
				if options(early).Close {
					t.Error("asked to leave before T0")
				}
				x.terminate()
				time.Sleep(time.Second)
				for _, c := range []*client{early, x.mustDial()} {
					if !options(c).Close {
						t.Error("not asked to leave")
					}
				}
				if d := x.state.Current.Load(); d.LateReqs.Load() != 2 || d.LateConns.Load() != 1 {
					t.Errorf("%d late requests, %d late connections", d.LateReqs.Load(), d.LateConns.Load())
				}
				if (asked > 0) != own {
					t.Errorf("the program's handler was asked %d times", asked)
				}
				x.endsAt(10 * time.Second)
			})
		})
	}
}
