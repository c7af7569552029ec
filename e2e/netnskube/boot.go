//go:build linux

package netnskube

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// bootPatience is how long a cluster may take to boot. It takes seconds; a
// machine under heavy load gets the rest.
const bootPatience = 3 * time.Minute

// boot brings the cluster up: when it returns, the nodes are ready, and pods
// that are created have all they need.
func (k *keeper) boot(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bootPatience, fmt.Errorf("not up after %v", bootPatience))
	defer cancel()
	if err := k.isolate(); err != nil {
		return err
	}
	authority, admin, err := writePKI(k.plan)
	if err != nil {
		return err
	}
	api, err := newAPI(authority, admin)
	if err != nil {
		return err
	}
	k.report("namespaces, network and keys are made")
	if err := k.startComponents(ctx, api); err != nil {
		return err
	}
	return k.await(ctx, "the default service account", func(ctx context.Context) error {
		return api.get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
	})
}

// startComponents starts everything, at once where it can be.
func (k *keeper) startComponents(ctx context.Context, api *api) error {
	all, ctx := errgroup.WithContext(ctx)
	serving := make(chan struct{}) // closed when there is an API server
	all.Go(func() error { return k.startControlPlane(ctx, api, serving) })
	for _, n := range k.plan.Nodes {
		all.Go(func() error { return k.startNodeComponents(ctx, api, n, serving) })
	}
	return all.Wait()
}

func (k *keeper) startControlPlane(ctx context.Context, api *api, serving chan<- struct{}) error {
	first := k.plan.Nodes[0]
	if err := startAll(ctx, first, k.plan.etcd(first), k.plan.apiServer(first)); err != nil {
		return err
	}
	k.report("the API server is ready")
	close(serving)
	rest, ctx := errgroup.WithContext(ctx)
	rest.Go(func() error { return k.startDNS(ctx, api) })
	rest.Go(func() error {
		return startAll(ctx, first, k.plan.controllerManager(first), k.plan.scheduler(first))
	})
	return rest.Wait()
}

// startNodeComponents starts a node's containerd, and when there is an API
// server, the rest: a kubelet that finds none waits longer and longer.
func (k *keeper) startNodeComponents(ctx context.Context, api *api, n node, serving <-chan struct{}) error {
	containerd, err := k.plan.containerd(n)
	if err != nil {
		return err
	}
	if err := startAll(ctx, n, containerd); err != nil {
		return err
	}
	if err := k.importPause(ctx, n); err != nil {
		return err
	}
	select {
	case <-serving:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	kubelet, err := k.plan.kubelet(n)
	if err != nil {
		return err
	}
	proxy, err := k.plan.kubeProxy(n)
	if err != nil {
		return err
	}
	if err := startAll(ctx, n, kubelet, proxy); err != nil {
		return err
	}
	if err := k.await(ctx, "node "+n.Name, func(ctx context.Context) error { return api.nodeReady(ctx, n.Name) }); err != nil {
		return err
	}
	k.report("node %s is ready", n.Name)
	return nil
}

func (k *keeper) importPause(ctx context.Context, n node) error {
	archive := filepath.Join(n.Dir, "pause.tar")
	if err := writePauseArchive(archive, k.plan.Programs.Pause); err != nil {
		return err
	}
	return importImage(ctx, k.plan.Programs.Ctr, hostPath(n, containerdSocket), archive)
}

// await asks until there is no error. It gives up when a component has ended:
// its last error is then the answer.
func (k *keeper) await(ctx context.Context, what string, ask func(context.Context) error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		for _, n := range k.plan.Nodes {
			if ended := call(ctx, n, "Node.Alive", struct{}{}, &struct{}{}); ended != nil {
				return ended
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting for %s: %w", context.Cause(ctx), what, err)
		}
	}
}
