package lameduckgrpc_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"

	lameduckgrpc "github.com/lameduck-dev/lameduck/grpc"
)

// A pod leaves under load, and another stays. No call is lost, the clients of the one
// that leaves are asked to by a GOAWAY that refuses no stream, while it is still
// serving, and its handlers see each client's certificates.
func TestTermination(t *testing.T) {
	a := newAuthority(t)
	tests := map[string]struct {
		server func(*tls.Config)
		client func(*tls.Config)
	}{
		"TLS":     {func(*tls.Config) {}, func(*tls.Config) {}},
		"TLS 1.2": {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, func(*tls.Config) {}},
		"mTLS": {
			func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, a.pool },
			func(c *tls.Config) { c.Certificates = []tls.Certificate{a.client("spiffe://pods/ns/shop/sa/cart")} },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := &tls.Config{Certificates: []tls.Certificate{a.server()}}
			test.server(server)
			client := &tls.Config{RootCAs: a.pool}
			test.client(client)
			creds := func() credentials.TransportCredentials {
				return lameduckgrpc.Credentials(credentials.NewTLS(server))
			}
			leaving, staying := serve(t, creds()), serve(t, creds())
			seen := &goAways{of: leaving}
			l := startLoad(t, dial(t, client, seen, leaving, staying))
			<-l.came
			before := leaving.served.Load()
			leaving.terminate()
			leaving.endedWell(t)
			close(l.end)
			l.clients.Wait()

			if before == 0 {
				t.Error("the pod that leaves has served nothing before T0")
			}
			if want := (goAway{1<<31 - 1, "lame duck"}); !seen.has(want) {
				t.Errorf("GOAWAYs %v, none of them %v: clients were not asked while the pod was still serving", seen.all, want)
			}
			if status := leaving.process.Status(); status.LateRequests == 0 {
				t.Error("no call after T0 was counted: the library does not follow the connections")
			}
			checkPeer(t, leaving, len(client.Certificates) > 0)
			t.Logf("%d calls, %d of them to the pod that leaves", l.calls.Load(), leaving.served.Load())
		})
	}
}

// checkPeer checks the AuthInfo that handlers have found in their peer.
func checkPeer(t *testing.T, s *pod, mutual bool) {
	t.Helper()
	info, _ := s.peers.Load("tls")
	got, is := info.(credentials.TLSInfo)
	if !is {
		t.Fatalf("the peer's AuthInfo is a %T, want a TLSInfo", info)
	}
	if got.SecurityLevel != credentials.PrivacyAndIntegrity || got.State.NegotiatedProtocol != "h2" || !got.State.HandshakeComplete {
		t.Errorf("AuthInfo: %+v", got)
	}
	if !mutual {
		return
	}
	if len(got.State.VerifiedChains) == 0 || got.SPIFFEID == nil || got.SPIFFEID.String() != "spiffe://pods/ns/shop/sa/cart" {
		t.Errorf("chains %v, SPIFFE ID %v", got.State.VerifiedChains, got.SPIFFEID)
	}
}

// Draining works in unary calls too.
func TestUnaryDraining(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s := serve(t, lameduckgrpc.Credentials(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{a.server()}})))
	service := pb.NewTestServiceClient(dial(t, &tls.Config{RootCAs: a.pool}, &goAways{of: s}, s))
	if _, err := service.UnaryCall(t.Context(), &pb.SimpleRequest{}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := service.UnaryCall(t.Context(), &pb.SimpleRequest{ResponseSize: 1})
		answered <- err
	}()
	for s.served.Load() < 2 {
		select {
		case err := <-answered:
			t.Fatalf("answered before T0: %v", err)
		default:
		}
	}
	s.terminate()
	if err := <-answered; err != nil {
		t.Error(err)
	}
	s.endedWell(t)
}

// A server that the library does not run has the credentials themselves.
func TestOtherConnections(t *testing.T) {
	inner := &counted{TransportCredentials: insecure.NewCredentials()}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	creds := lameduckgrpc.Credentials(inner).Clone()
	if conn, _, err := creds.ServerHandshake(a); conn != a || err != nil || inner.handshakes != 1 {
		t.Errorf("%v, %v, %d handshakes", conn, err, inner.handshakes)
	}
	if conn, _, err := creds.ClientHandshake(context.Background(), "pods", b); conn != b || err != nil {
		t.Errorf("%v, %v", conn, err)
	}
	if got, want := creds.Info(), inner.Info(); got != want {
		t.Errorf("Info %v, want %v", got, want)
	}
}

// counted counts the handshakes.
type counted struct {
	credentials.TransportCredentials
	handshakes int
}

func (c *counted) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c.handshakes++
	return c.TransportCredentials.ServerHandshake(conn)
}

func (c *counted) Clone() credentials.TransportCredentials { return c }
