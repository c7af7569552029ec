package load

import (
	"context"
	"time"
)

// Proxy is [HTTP], and [WebSocket] in sessions of half a second, through a
// proxy: that cannot ask the clients of a protocol that it only passes on to
// leave.
func Proxy(ctx context.Context, dial Dial, t *Tally) {
	sessions := func(ctx context.Context, dial Dial, t *Tally) {
		webSockets(&client{ctx, dial, t}, time.Second/2)
	}
	Together(HTTP, sessions)(ctx, dial, t)
}
