package sandbox_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// TestOwnFolders: what a pod writes to /tmp, /run and its home no other pod sees, nor
// this machine; what its command names is the machine's.
func TestOwnFolders(t *testing.T) {
	folder, err := os.MkdirTemp("/tmp", "pods")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	socket := filepath.Join("/tmp", filepath.Base(folder)+".sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	own := []string{"/tmp", "/run"}
	home := os.Getenv("HOME")
	if info, err := os.Stat(home); err == nil && info.IsDir() && home != "/" && !strings.HasPrefix(home, "/tmp") {
		own = append(own, home)
	}
	script := `cd /
for f in FILES; do
	[ -e $f ] && { echo $f exists; exit 1; }
	echo $$ >$f && [ "$(cat $f)" = 1 ] || { echo $f is not written; exit 2; }
	rm $f && echo again >$f || exit 3
done
TEST_PROGRAM=unix TEST_SOCKET='/tmp/NAME?sock' SELF || exit 4
echo shared >>FOLDER/shared`
	script = strings.NewReplacer("FILES", strings.Join(own, "/NAME.pid ")+"/NAME.pid").Replace(script)
	script = strings.NewReplacer("NAME", filepath.Base(folder), "FOLDER", folder, "SELF", os.Args[0]).Replace(script)
	for range 2 {
		cfg, out := shell(t, script)
		if code, _ := await(t, start(t, cfg)); code != 0 {
			t.Errorf("exit %d: %s", code, out)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(folder, "shared")); string(text) != "shared\nshared\n" {
		t.Errorf("in the folder that the command names: %q", text)
	}
	for _, dir := range own {
		if _, err := os.Stat(filepath.Join(dir, filepath.Base(folder)+".pid")); err == nil {
			t.Errorf("a file of the pods is in %s", dir)
		}
	}
}

// TestItsNameResolves: without a network, for its hooks too; this machine does not know it.
func TestItsNameResolves(t *testing.T) {
	cfg, out := shell(t, `getent hosts web-1 && echo up; exec sleep 1000`)
	p := start(t, cfg)
	eventually(t, "it is up", func() bool { return strings.Contains(out.String(), "up\n") })
	if err := p.Exec(t.Context(), []string{"sh", "-c", "getent hosts web-1 | grep -q ^10.244.0.7"}); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if text, _ := os.ReadFile("/etc/hosts"); strings.Contains(string(text), "web-1") {
		t.Error("the name of the pod is in the file of this machine")
	}
}

// TestOwnWorkingFolder: what a pod writes to the folder in which it starts no other pod sees, nor
// this machine; its hooks do, and start there as well. The environment names that folder, as
// a shell does.
func TestOwnWorkingFolder(t *testing.T) {
	for name, parent := range map[string]string{"in a folder that is the pod's own": "/tmp", "in no other": "/var/tmp"} {
		t.Run(name, func(t *testing.T) {
			folder, err := os.MkdirTemp(parent, "pods")
			if err != nil {
				t.Skip(err)
			}
			defer os.RemoveAll(folder)
			if err := os.MkdirAll(filepath.Join(folder, "app", "pids"), 0o755); err != nil {
				t.Fatal(err)
			}
			start := func() *sandbox.Process {
				cfg, out := shell(t, `[ -e lock ] && exit 1; echo $$ >lock; echo $$ >pids/server.pid; echo up; exec sleep 1000`)
				cfg.Dir = filepath.Join(folder, "app")
				cfg.Env = append(cfg.Env, "PWD="+cfg.Dir, "OLDPWD="+folder)
				p := start(t, cfg)
				eventually(t, "it is up", func() bool { return out.String() == "up\n" })
				return p
			}
			first, second := start(), start()
			for _, p := range []*sandbox.Process{first, second} {
				if err := p.Exec(t.Context(), []string{"sh", "-c", `[ "$(cat lock pids/server.pid)" = "1
1" ]`}); err != nil {
					t.Errorf("the hook does not see what its pod wrote: %v", err)
				}
			}
			for _, file := range []string{"lock", "pids/server.pid"} {
				if _, err := os.Stat(filepath.Join(folder, "app", file)); err == nil {
					t.Errorf("%s of the pods is in the folder of this machine", file)
				}
			}
		})
	}
}
