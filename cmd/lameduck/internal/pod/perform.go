package pod

import (
	"context"
	"errors"
)

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

func connects(ctx context.Context, p process, port int) error {
	conn, err := p.Dial(ctx, port)
	if err != nil {
		return withoutAddresses(err)
	}
	return conn.Close()
}
