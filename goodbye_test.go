package lameduck

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWithGoodbye(t *testing.T) {
	const status = "HTTP/1.1 200 OK\r\n"
	for head, want := range map[string]string{
		status + "Date: now":                              status + "Connection: close\r\nDate: now",
		status + "Connection: keep-alive\r\nDate: now":    status + "Connection: close\r\nDate: now",
		status + "Date: now\r\nConnection: Keep-Alive":    status + "Date: now\r\nConnection: close",
		status + "Connection: close\r\nDate: now":         "",
		"HTTP/1.1 101 Switching\r\nConnection: Upgrade":   "",
		status + "X: Connection: keep-alive\r\nDate: now": status + "Connection: close\r\nX: Connection: keep-alive\r\nDate: now",
	} {
		if got := string(withGoodbye([]byte(head))); got != want {
			t.Errorf("%q\n got %q\nwant %q", head, got, want)
		}
	}
}

// An answer that begins after the connection's moment says goodbye, also if its
// handler was at work before, and whatever the handler says itself.
func TestEveryAnswerAfterTheMomentSaysGoodbye(t *testing.T) {
	for _, says := range []string{"", "keep-alive"} {
		for _, body := range []int{0, 10, 100_000} {
			for _, continued := range []bool{false, true} {
				t.Run(fmt.Sprintf("says=%q body=%d continued=%v", says, body, continued), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						x := start(t, &Process{}, func(w http.ResponseWriter, r *http.Request) {
							if continued {
								w.WriteHeader(http.StatusEarlyHints)
							}
							time.Sleep(5 * time.Second)
							if says != "" {
								w.Header().Set("Connection", says)
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
