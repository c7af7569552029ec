package pod

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// action is a handler of the manifest with its port looked up: what a hook or
// a probe does.
type action struct {
	manifest.Handler
	port int
}

var errGRPC = hint.New(errors.New("grpc probes are not supported in the lab"),
	"use an httpGet or a tcpSocket probe there; on a cluster they work")

func newAction(h *manifest.Handler, ports []manifest.Port) (*action, error) {
	a := &action{Handler: *h}
	var err error
	switch {
	case h.GRPC != nil:
		return nil, errGRPC
	case h.HTTP != nil:
		a.port, err = resolve(h.HTTP.Port, ports)
	case h.TCP != nil:
		a.port, err = resolve(h.TCP.Port, ports)
	case h.Sleep == nil && len(h.Exec) == 0:
		err = errors.New("the handler is empty: set exec, httpGet, tcpSocket or sleep")
	}
	return a, err
}

func resolve(ref manifest.PortRef, ports []manifest.Port) (int, error) {
	if ref.Name == "" {
		return ref.Number, nil
	}
	for _, p := range ports {
		if p.Name == ref.Name {
			return p.Number, nil
		}
	}
	return 0, hint.New(fmt.Errorf("the container has no port named %q", ref.Name), "add it to the container's ports, or use its number")
}

// String names the action in messages, such as "GET :8080/ready".
func (a *action) String() string {
	switch {
	case a.HTTP != nil:
		return fmt.Sprintf("GET :%d%s", a.port, a.path())
	case a.TCP != nil:
		return fmt.Sprintf("connecting to :%d", a.port)
	case a.Sleep != nil:
		return fmt.Sprintf("sleep %v", *a.Sleep)
	}
	return strings.Join(a.Exec, " ")
}

func (a *action) path() string {
	if path := a.HTTP.Path; strings.HasPrefix(path, "/") {
		return path
	}
	return "/" + a.HTTP.Path
}
