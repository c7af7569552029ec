package pod

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

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

// check runs the action as a probe.
func (a *action) check(ctx context.Context, p process, host string) error {
	switch {
	case a.HTTP != nil:
		return a.probeHTTP(ctx, p, host)
	case a.TCP != nil:
		return connects(ctx, p, a.port)
	}
	return p.Exec(ctx, a.Exec)
}

// hook runs the action as a preStop hook, which ctx ends only with the pod: the
// kubelet stops waiting for a hook, but does not stop the hook.
func (a *action) hook(ctx context.Context, p process, host string) error {
	switch {
	case a.Sleep != nil:
		return sleep(ctx, *a.Sleep)
	case a.HTTP != nil:
		return a.request(ctx, p, host)
	case a.TCP != nil:
		return errors.New("a tcpSocket hook always fails: Kubernetes does not support it")
	}
	return p.Exec(ctx, a.Exec)
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

func connects(ctx context.Context, p process, port int) error {
	conn, err := p.Dial(ctx, port)
	if err != nil {
		return withoutAddresses(err)
	}
	return conn.Close()
}

// withoutAddresses removes the addresses from the error of a dial: they are
// those of this tool.
func withoutAddresses(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// sleep waits, or fails because ctx ended first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
