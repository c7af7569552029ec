//go:build linux

package netnskube

import (
	"fmt"
	"net/rpc"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// call asks a node's init for something.
func call(n node, method string, args, reply any) error {
	client, err := rpc.Dial("unix", initSocket(n.Dir))
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	defer client.Close()
	return client.Call(method, args, reply)
}

// start starts components of a node.
func start(n node, components ...Component) error {
	for _, c := range components {
		if err := call(n, "Node.Start", c, &struct{}{}); err != nil {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
	}
	return nil
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
