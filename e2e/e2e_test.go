// Package e2e tries the tool, the library and the README on real Kubernetes:
// the cluster of KUBECONFIG, which make e2e boots if there is none.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/e2e/netnskube"
)

// A cluster that netnskube has booted is reached by its name; of any other
// only the API server is known, and LOAD is the command that loads an image's
// archive into its nodes, such as "kind load image-archive". IMAGES are the
// archives that e2e/cmd/images has made.
var (
	ours     = os.Getenv("NETNSKUBE_NAME")
	loadCmd  = os.Getenv("LOAD")
	archives = strings.Fields(os.Getenv("IMAGES"))
)

// environment is what all tests share.
type environment struct {
	tool    string             // the lameduck command
	cluster *netnskube.Cluster // nil if it is not ours
}

var shared = sync.OnceValues(func() (*environment, error) {
	w := &environment{}
	if ours != "" {
		c, err := netnskube.Open(ours)
		if err != nil {
			return nil, err
		}
		w.cluster = c
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "lameduck-e2e-")
	if err != nil {
		return nil, err
	}
	folders = append(folders, dir)
	w.tool = filepath.Join(dir, "lameduck")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", w.tool, "github.com/lameduck-dev/lameduck/cmd/lameduck").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return w, w.load(ctx)
})

// folders are removed at the end.
var folders []string

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range folders {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// need returns what all tests share, or skips.
func need(t *testing.T) *environment {
	t.Helper()
	if os.Getenv("E2E") == "" {
		t.Skip("no cluster: make e2e boots one")
	}
	w, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// needNodes returns the cluster, if the tests may change its nodes.
func needNodes(t *testing.T) (*environment, *netnskube.Cluster) {
	t.Helper()
	w := need(t)
	if w.cluster == nil {
		t.Skip("the nodes of this cluster are not ours")
	}
	return w, w.cluster
}

// load gives the images to the nodes.
func (w *environment) load(ctx context.Context) error {
	if len(archives) == 0 {
		return errors.New("IMAGES is not set: the archives that go run ./e2e/cmd/images makes")
	}
	if w.cluster != nil {
		return w.cluster.Load(ctx, archives...)
	}
	if loadCmd == "" {
		return errors.New(`LOAD is not set: the command that loads an archive into the nodes, as in LOAD="kind load image-archive"`)
	}
	for _, path := range archives {
		args := append(strings.Fields(loadCmd), path)
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", args, err, out)
		}
	}
	return nil
}

// kubectl runs it, and returns what it printed.
func kubectl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := try(t, stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// try is kubectl that may fail.
func try(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}
