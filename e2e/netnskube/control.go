//go:build linux

package netnskube

import (
	"context"
	"fmt"
	"net/rpc"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// call asks a node's init for something, and waits for the answer until ctx
// ends.
func call(ctx context.Context, n node, method string, args, reply any) error {
	client, err := rpc.Dial("unix", initSocket(n.Dir))
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	defer client.Close()
	answer := client.Go(method, args, reply, nil)
	select {
	case <-answer.Done:
		if answer.Error != nil {
			return fmt.Errorf("node %s: %w", n.Name, answer.Error)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// startAll starts components of a node at once, and returns when all are healthy
// or one has ended.
func startAll(ctx context.Context, n node, components ...Component) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, c := range components {
		all.Go(func() error { return call(ctx, n, "Node.Start", c, &struct{}{}) })
	}
	return all.Wait()
}

// hostPath is where a path of a node's own mount namespace is for us.
func hostPath(n node, path string) string {
	return filepath.Join("/proc", strconv.Itoa(nodePID(n)), "root", path)
}

// nodePID returns the PID of a node's first process, or 0.
func nodePID(n node) int {
	data, err := os.ReadFile(initPID(n.Dir))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	return pid
}
