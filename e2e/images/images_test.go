package images

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/lameduck-dev/lameduck/deploy/image/oci"
)

// all are the images by the names that they are tested under.
var all = map[string]func(context.Context) (path, ref string, err error){
	"app": App, "tool": Tool, "server": Server, "python": Python,
}

// archive makes an image, or skips the test where that cannot be done.
func archive(t *testing.T, image string) (path, ref string) {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); image == "python" && err != nil {
		t.Skip("python's image takes Debian: ", err)
	}
	path, ref, err := all[image](t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return path, ref
}

// TestArchives: what is made twice is the same twice, and docker finds it by
// its name. The images of make image are tested where they are made.
func TestArchives(t *testing.T) {
	for _, image := range []string{"server", "python"} {
		t.Run(image, func(t *testing.T) {
			if image == "python" {
				needE2E(t)
			}
			var archives [2][]byte
			for i := range archives {
				t.Setenv("GOCACHE", goCache(t))
				t.Setenv("XDG_CACHE_HOME", t.TempDir()) // an empty cache for the archives
				began := time.Now()
				path, ref := archive(t, image)
				made := time.Since(began)
				var err error
				if archives[i], err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
				again, _ := archive(t, image)
				found := time.Since(began) - made
				if again != path {
					t.Errorf("%s the first time, %s the second", path, again)
				}
				checkArchive(t, path, ref)
				t.Logf("%s: %d bytes, made in %v, found in %v", ref, len(archives[i]), made, found)
			}
			if !bytes.Equal(archives[0], archives[1]) {
				t.Error("two builds differ")
			}
		})
	}
}

// needE2E skips what make test leaves to make e2e: Debian's packages are
// downloaded for it, and the tool is compiled once more.
func needE2E(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E") == "" {
		t.Skip("make e2e tests this image (E2E=1)")
	}
}

// goCache is where the go command keeps its cache, wherever ours is.
func goCache(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}

func checkArchive(t *testing.T, path, ref string) {
	t.Helper()
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(path, &tag)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c := file.Config; c.User != oci.User || len(c.Entrypoint) == 0 {
		t.Errorf("config %+v", c)
	}
}

func TestCacheIsKeyedByContent(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir()) // for systems without XDG
	made := 0
	get := func(content string) string {
		path, err := cached("a", func(path string) error { made++; return os.WriteFile(path, []byte(content), 0o600) }, content)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%q, %v, want %q", got, err, content)
		}
		return path
	}
	one := get("one")
	get("one")
	two := get("two")
	if one == two || made != 2 {
		t.Errorf("%s and %s, made %d times", one, two, made)
	}
	old := time.Now().Add(-2 * keep)
	if err := os.Chtimes(one, old, old); err != nil {
		t.Fatal(err)
	}
	get("three")
	left, err := filepath.Glob(filepath.Join(filepath.Dir(one), "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("left %v, %v, want the two that are in use", left, err)
	}
	failed := errors.New("failed")
	if _, err := cached("a", func(string) error { return failed }, "four"); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

func TestMergedUsr(t *testing.T) {
	for name, want := range map[string]string{
		"./lib/x/libc.so.6": "usr/lib/x/libc.so.6", "./lib64/ld.so": "usr/lib64/ld.so", "./usr/bin/python3": "usr/bin/python3", "./library": "library",
	} {
		if got := merged(name); got != want {
			t.Errorf("merged(%q) is %q, want %q", name, got, want)
		}
	}
}

func TestWanted(t *testing.T) {
	for name, want := range map[string]bool{
		"usr/share/doc/x/copyright": false, "usr/lib/a-b-c/gconv/X.so": false, "usr/lib/python3.11/lib2to3/a/b.py": false,
		"usr/lib/python3.11/http/server.py": true, "usr/bin/python3.11": true, "usr/lib/a-b-c/libc.so.6": true,
	} {
		if got := wanted(name); got != want {
			t.Errorf("wanted(%q) is %v", name, got)
		}
	}
}
