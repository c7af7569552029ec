package lameduck

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// What a connection that ends, or goes idle, costs while requests finish does not
// grow with how many others are open. A list of them all would.
func TestFinishingCostsTheSameBesideMany(t *testing.T) {
	clients := uint64(max(1000, many(3000))) // a list of a thousand is larger than the bound below
	for _, idle := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := &Process{Log: slog.New(slog.DiscardHandler), Grace: time.Hour}
			var before, after runtime.MemStats
			n := 0
			stay := func() {
				n++ // one by one, 10 ms apart: no two of them are looked at together
				time.Sleep(20*time.Second + time.Duration(n)*10*time.Millisecond)
			}
			var x *trial
			if idle {
				x = start(t, p, func(http.ResponseWriter, *http.Request) { stay() })
			} else {
				x = startConn(t, p, func(context.Context, net.Conn) { stay() })
			}
			for range clients {
				c, _ := x.socket(largeRoom)
				io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
				synctest.Wait()
			}
			x.terminate()
			time.Sleep(15 * time.Second)
			runtime.ReadMemStats(&before)
			if _, err := x.end(); err != nil {
				t.Error(err)
			}
			runtime.ReadMemStats(&after)
			if each := (after.TotalAlloc - before.TotalAlloc) / clients; each > 4<<10 {
				t.Errorf("idle=%v: %d bytes allocated for each of %d connections that end", idle, each, clients)
			}
		})
	}
}
