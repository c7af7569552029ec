package lameduck

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// A raw connection may carry HTTP/2, as through a proxy of the user's: what is
// written on it is not ours to add to, and it is not ours to close.
func TestRawConnectionIsNotLookedInto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startConn(t, &Process{Spread: -1}, func(ctx context.Context, c net.Conn) {
			c.Read(make([]byte, 1000))
			c.Write(rawSettings())
			<-Draining(ctx)
			time.Sleep(15 * time.Second)
			io.WriteString(c, "bye")
		})
		client, _ := x.socket(largeRoom)
		client.Write(append([]byte(wire.Preface), rawSettings()...))
		synctest.Wait()
		x.terminate()
		got, err := io.ReadAll(client)
		if want := append(rawSettings(), "bye"...); !bytes.Equal(got, want) || err != nil {
			t.Errorf("% x, %v", got, err)
		}
		x.endsAt(15 * time.Second)
	})
}
