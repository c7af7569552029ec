package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	gorilla "github.com/gorilla/websocket"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/transport/websocket"
)

// attachProtocol is the one that has a message for the end of stdin. Every API
// server since Kubernetes 1.30 has it.
// https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets
const attachProtocol = "v5.channel.k8s.io"

// The first byte of each message is its channel. A message of channelClose has the
// channel that ends.
const (
	channelStdin  = 0
	channelStdout = 1
	channelStderr = 2
	channelStatus = 3 // how the streams ended: a metav1.Status, once
	channelClose  = 255
)

// attachPod connects the streams to those of a worker, through the API server by
// WebSocket. It returns when the worker has closed its own, or ctx ends. client-go's
// remotecommand can do this too, and brings an implementation of SPDY for older
// clusters; the pings that it adds are those of workers here, which see more.
func (c Config) attachPod(ctx context.Context, pod string, in io.Reader, out, errw io.Writer) error {
	trip, made, err := websocket.RoundTripperFor(c.REST)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.attachURL(pod).String(), nil)
	if err != nil {
		return err
	}
	conn, err := websocket.Negotiate(trip, made, req, attachProtocol)
	if err != nil {
		return fmt.Errorf("attach to pod %s by WebSocket: %w", pod, err)
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	go sendStdin(conn, in) // ends with in, or with the connection
	if err := receive(conn, out, errw); ctx.Err() == nil {
		return err
	}
	return ctx.Err()
}

// sendStdin sends in, and that it has ended. If that fails the connection is at
// its end, which receive sees.
func sendStdin(conn *gorilla.Conn, in io.Reader) {
	message := make([]byte, 32<<10)
	message[0] = channelStdin
	for {
		n, err := in.Read(message[1:])
		if n > 0 && conn.WriteMessage(gorilla.BinaryMessage, message[:1+n]) != nil {
			return
		}
		if err != nil {
			conn.WriteMessage(gorilla.BinaryMessage, []byte{channelClose, channelStdin})
			return
		}
	}
}

// receive copies what comes to stdout and stderr until the connection ends: nil if
// the worker's container ended well.
func receive(conn *gorilla.Conn, out, errw io.Writer) error {
	var status error
	for {
		kind, message, err := conn.NextReader()
		if gorilla.IsCloseError(err, gorilla.CloseNormalClosure) {
			return status
		}
		if err != nil {
			return errors.Join(status, err)
		}
		var channel [1]byte
		if kind != gorilla.BinaryMessage {
			return fmt.Errorf("the API server sent a WebSocket message of kind %d, which attach does not have", kind)
		}
		if _, err := io.ReadFull(message, channel[:]); err != nil {
			return fmt.Errorf("a WebSocket message without a channel: %w", err)
		}
		switch channel[0] {
		case channelStdout:
			_, err = io.Copy(out, message)
		case channelStderr:
			_, err = io.Copy(errw, message)
		case channelStatus:
			status, err = readStatus(message)
		}
		if err != nil {
			return err
		}
	}
}

// readStatus is how the streams ended, as the kubelet has it.
func readStatus(r io.Reader) (status, err error) {
	var s metav1.Status
	switch err := json.NewDecoder(r).Decode(&s); {
	case errors.Is(err, io.EOF): // a channel is opened by an empty message
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the status of the streams: %w", err)
	case s.Status == metav1.StatusSuccess:
		return nil, nil
	}
	return errors.New(s.Message), nil
}

// attachURL is the URL at which the API server connects to the streams of a
// worker.
func (c Config) attachURL(pod string) *url.URL {
	return c.Core.Post().
		Namespace(c.Namespace).Resource("pods").Name(pod).SubResource("attach").
		Param("container", container).Param("stdin", "true").Param("stdout", "true").Param("stderr", "true").
		URL()
}
