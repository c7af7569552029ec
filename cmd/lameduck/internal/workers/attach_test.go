package workers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	gorilla "github.com/gorilla/websocket"
	"k8s.io/client-go/rest"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/kube"
)

// apiServer attaches as an API server does: serve has the connection.
func apiServer(t *testing.T, protocol string, serve func(*gorilla.Conn)) Config {
	t.Helper()
	upgrader := gorilla.Upgrader{Subprotocols: []string{protocol}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"pods \"p\" is forbidden","code":403}`)
			return
		}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		serve(conn)
	}))
	t.Cleanup(s.Close)
	c := newCluster(t).config(1)
	c.REST = &rest.Config{Host: s.URL, BearerToken: "secret"}
	var err error
	if _, c.Core, err = kube.New(c.REST); err != nil {
		t.Fatal(err)
	}
	return c
}

func send(t *testing.T, conn *gorilla.Conn, channel byte, text string) {
	t.Helper()
	if err := conn.WriteMessage(gorilla.BinaryMessage, append([]byte{channel}, text...)); err != nil {
		t.Error(err)
	}
}

func closeNormally(conn *gorilla.Conn) {
	conn.WriteMessage(gorilla.CloseMessage, gorilla.FormatCloseMessage(gorilla.CloseNormalClosure, ""))
}

// TestAttach: what comes of each channel goes where it belongs, and the worker sees
// its stdin and the end of it. How it ended is the result.
func TestAttach(t *testing.T) {
	for name, tt := range map[string]struct{ status, want string }{
		"well":      {`{"status":"Success"}`, ""},
		"failed":    {`{"status":"Failure","message":"command terminated with non-zero exit code"}`, "non-zero exit code"},
		"no status": {"", ""},
		"no JSON":   {"broken", "the status of the streams"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdin bytes.Buffer
			c := apiServer(t, attachProtocol, func(conn *gorilla.Conn) {
				for _, channel := range []byte{channelStdout, channelStderr, channelStatus} {
					send(t, conn, channel, "") // as API servers open them
				}
				send(t, conn, channelStdout, "out")
				send(t, conn, channelStderr, "err")
				send(t, conn, channelStdout, "put")
				for {
					_, message, err := conn.ReadMessage()
					if err != nil {
						t.Error(err)
						return
					}
					if message[0] == channelClose {
						break
					}
					stdin.Write(message[1:])
				}
				send(t, conn, channelStatus, tt.status)
				closeNormally(conn)
			})
			var out, errw bytes.Buffer
			long := strings.Repeat("command\n", 10_000)
			err := c.attachPod(t.Context(), "p", strings.NewReader(long), &out, &errw)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("attach: %v, want %q", err, tt.want)
			}
			if out.String() != "output" || errw.String() != "err" {
				t.Errorf("stdout %q, stderr %q", &out, &errw)
			}
			if stdin.String() != long {
				t.Errorf("%d bytes of stdin arrived of %d", stdin.Len(), len(long))
			}
		})
	}
}

// TestAttachRefused: who may not, or meets an API server that is too old, learns
// why.
func TestAttachRefused(t *testing.T) {
	c := apiServer(t, "v4.channel.k8s.io", func(*gorilla.Conn) {})
	if err := c.attachPod(t.Context(), "p", strings.NewReader(""), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), attachProtocol) {
		t.Errorf("an old protocol: %v", err)
	}
	c.REST.BearerToken = "wrong"
	if err := c.attachPod(t.Context(), "p", strings.NewReader(""), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `pods "p" is forbidden`) {
		t.Errorf("a wrong token: %v", err)
	}
}

// TestAttachEnds: with the context, and with the connection.
func TestAttachEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := apiServer(t, attachProtocol, func(conn *gorilla.Conn) {
		cancel()
		conn.ReadMessage() // until the client closes
	})
	in, commands := io.Pipe()
	defer commands.Close()
	if err := c.attachPod(ctx, "p", in, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	c = apiServer(t, attachProtocol, func(*gorilla.Conn) {})
	if err := c.attachPod(t.Context(), "p", in, io.Discard, io.Discard); err == nil {
		t.Error("a connection that breaks is no error")
	}
}
