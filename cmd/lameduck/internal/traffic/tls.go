package traffic

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
	"github.com/lameduck-dev/lameduck/internal/engine"
)

const (
	// connectWithin is how long a server may take to accept the connection on
	// which it is asked for TLS.
	connectWithin = 10 * time.Second
	// answerWithin is how long it may take to answer the ClientHello.
	answerWithin = 3 * time.Second
	redial       = 50 * time.Millisecond
)

// Detect replaces TLSAuto by what the server behind the first Dialer does, and
// notes if that is TLS. A server that accepts no connection is taken for one
// without.
func (s Spec) Detect(ctx context.Context, env Env) Spec {
	if s.TLS != timeline.TLSAuto {
		return s
	}
	s.TLS = timeline.TLSOff
	if !uses(ctx, env.Dial[0], s.Host) {
		return s
	}
	s.TLS = timeline.TLSOn
	if env.Note != nil {
		env.Note("the server uses TLS, and so do the clients; they do not verify its certificate")
	}
	return s
}

// uses reports whether the server uses TLS.
func uses(ctx context.Context, dial Dialer, host string) bool {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	for ctx.Err() == nil {
		if nc, _, err := dial(ctx); err == nil {
			return answers(ctx, nc, host)
		}
		select {
		case <-time.After(redial):
		case <-ctx.Done():
		}
	}
	return false
}

// answers reports whether the server answers a ClientHello.
func answers(ctx context.Context, nc net.Conn, host string) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return engine.DetectTLS(ctx, nc, tlsConfig(host))
}

// tlsConfig is that of clients: the certificate is not verified, because it is
// seldom one for the name that a trial uses.
func tlsConfig(host string) *tls.Config {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
}
