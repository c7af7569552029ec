package lameduck

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The configurations once more, with clients that come in the lame duck: what asks them
// to leave is all that is new. net/http beside it closes a connection of HTTP/1 with the
// first answer, too. A client of HTTP/2 is asked to leave within link.AskWithin; where this
// machine was too late for all requests of one to come before, it is tried again.
func TestConfigurationsInTheLameDuck(t *testing.T) {
	for _, row := range configRows(certificate(t), certificate(t)) {
		if row.client == nil || row.refused() || row.name == "OPTIONS *" { // which net/http answers beside its handler
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			row.setGODEBUG(t)
			serve, bare, ours := row.sides(t)
			bare.srv.Handler = asking{bare.srv.Handler}
			bare.byNetHTTP(serve, row.client)
			ours.inTheLameDuck(row.client)
			for tries := 1; ours.left && tries < 5; tries++ {
				t.Log("this machine was late: a client was asked to leave before its last request")
				_, _, ours = row.sides(t)
				ours.inTheLameDuck(row.client)
			}
			row.compare(t, withoutAskingToLeave(bare.seen), withoutAskingToLeave(ours.seen))
		})
	}
}

// inTheLameDuck has a Process serve that was terminated while client is at work.
func (s *side) inTheLameDuck(client func(*side)) {
	began := make(chan struct{})
	p := &Process{Delay: time.Minute, Quiet: -1, Spread: -1, Grace: time.Hour, Log: slog.New(slog.NewTextHandler(s.t.Output(), nil))}
	p.Observe = func(now Status) {
		if now.Phase == PhaseLameDuck {
			close(began)
		}
	}
	p.AddHTTP(s.srv, s.l)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(context.Background()) }()
	p.Terminate("test")
	<-began
	client(s)
	p.Hurry()
	if err := <-ended; err != nil {
		s.seeError(err)
	}
}

var asksToLeave = regexp.MustCompile(`(?m)^Connection: (close|keep-alive)\r\n`)

// withoutAskingToLeave is what was seen but for what asks the client to leave.
func withoutAskingToLeave(seen map[string]string) map[string]string {
	rest := maps.Clone(seen)
	for what, text := range seen {
		if strings.HasSuffix(what, "frames of stream 0, type 7") || strings.HasSuffix(what, "frames of stream 0, type 6") {
			delete(rest, what)
			continue
		}
		rest[what] = asksToLeave.ReplaceAllString(text, "")
	}
	return rest
}

// asking has every answer of HTTP/1 ask the client to leave, but for upgrades.
type asking struct{ http.Handler }

func (a asking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 && r.Header.Get("Upgrade") == "" {
		w.Header().Set("Connection", "close")
	}
	if a.Handler == nil {
		a.Handler = http.DefaultServeMux
	}
	a.Handler.ServeHTTP(w, r)
}
