package workers

import (
	"context"
	"io"
	"net/url"

	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
)

// attachPod connects through the API server: by WebSocket, or by SPDY where
// the server or a proxy supports only that, as kubectl does.
func (c Config) attachPod(ctx context.Context, pod string, in io.Reader, out, errw io.Writer) error {
	executor, err := c.executor(pod)
	if err != nil {
		return err
	}
	ctx = klog.NewContext(ctx, klog.Logger{}) // it would log that a stream ended which we closed
	return executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: out, Stderr: errw})
}

func (c Config) executor(pod string) (remotecommand.Executor, error) {
	to := c.attachURL(pod)
	ws, err := remotecommand.NewWebSocketExecutor(c.REST, "GET", to.String())
	if err != nil {
		return nil, err
	}
	spdy, err := remotecommand.NewSPDYExecutor(c.REST, "POST", to)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(ws, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

// attachURL is the URL at which the API server connects to the streams of a
// worker.
func (c Config) attachURL(pod string) *url.URL {
	return c.Core.Post().
		Namespace(c.Namespace).Resource("pods").Name(pod).SubResource("attach").
		Param("container", container).Param("stdin", "true").Param("stdout", "true").Param("stderr", "true").
		URL()
}
