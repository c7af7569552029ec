package images

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
)

// TestContainers imports every archive into a containerd and runs what is in
// it as Kubernetes would under Pod Security's restricted level.
func TestContainers(t *testing.T) {
	needE2E(t)
	n := startNode(t)
	imported := map[string]string{} // the names that containerd has for them
	for image := range all {
		t.Run("import "+image, func(t *testing.T) {
			path, ref := archive(t, image)
			t.Log(strings.TrimSpace(n.mustCtr(t, "images", "import", path)))
			imported[image] = fullRef(t, ref)
			if refs := strings.Fields(n.mustCtr(t, "images", "ls", "-q")); !slices.Contains(refs, imported[image]) {
				t.Fatalf("containerd has %v, want %s", refs, imported[image])
			}
		})
	}
	for _, test := range []struct {
		image, server string
		afterSigterm  string // what it does then: "ends" without a word, "counts" and ends, or "serves" on
	}{
		{"app", "", "ends"},
		{"server", "default", "ends"},
		{"server", "shutdown", "counts"},
		{"server", "lameduck", "counts"},
		{"server", "hang", "serves"},
		{"server", "ignore", "serves"},
		{"python", "drain", "counts"},
		{"python", "ignore", "serves"},
	} {
		t.Run(strings.Trim(test.image+" "+test.server, " "), func(t *testing.T) {
			ref, ok := imported[test.image]
			if !ok {
				t.Skip("it was not imported")
			}
			id := strings.Trim(test.image+"-"+test.server, "-")
			n.run(t, ref, id, test.server)
			defer n.remove(t, id)
			eventually(t, id+" answers", func() bool { _, err := n.get("/ready"); return err == nil })
			n.mustGet(t, "/")
			checkRestricted(t, n, id)
			n.mustCtr(t, "task", "kill", "--signal", "SIGTERM", id)
			if test.afterSigterm == "serves" {
				n.mustGet(t, "/")
				return
			}
			n.waitStopped(t, id)
			if test.afterSigterm == "counts" {
				checkLastLine(t, n.log(t, id))
			}
		})
	}
	t.Run("tool", func(t *testing.T) {
		out := n.mustCtr(t, append(restricted(), "--rm", imported["tool"], "tool", "/lameduck", "version")...)
		if !strings.HasPrefix(out, "lameduck ") {
			t.Errorf("lameduck version printed %q", out)
		}
	})
}

// fullRef is the name that containerd knows an image by: with the registry
// that Docker takes for granted, unless the image names one.
func fullRef(t *testing.T, ref string) string {
	t.Helper()
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(tag.Name(), "index.")
}

func (n *node) get(path string) (string, error) {
	res, err := n.client().Get("http://127.0.0.1:8080" + path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		return "", errors.New(res.Status)
	}
	return string(body), err
}

func (n *node) mustGet(t *testing.T, path string) {
	t.Helper()
	if body, err := n.get(path); err != nil || !strings.HasPrefix(body, "Hello!") {
		t.Errorf("%s: %q, %v", path, body, err)
	}
}

// checkRestricted looks at the container's process from outside.
func checkRestricted(t *testing.T, n *node, id string) {
	t.Helper()
	pid, _ := n.task(t, id)
	status, err := n.enter(t.Context(), "cat", "/proc/"+pid+"/status")
	if err != nil {
		t.Fatal(err, status)
	}
	got := map[string]string{}
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		got[key] = strings.Join(strings.Fields(value), " ")
	}
	for key, want := range map[string]string{
		"Uid": "65532 65532 65532 65532", "Gid": "65532 65532 65532 65532", "CapBnd": "0000000000000000", "CapEff": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2",
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	mounts, err := n.enter(t.Context(), "cat", "/proc/"+pid+"/mounts")
	if err != nil {
		t.Fatal(err, mounts)
	}
	for line := range strings.Lines(mounts) {
		if f := strings.Fields(line); f[1] == "/" && !strings.HasPrefix(f[3], "ro,") {
			t.Errorf("the root is mounted %s", f[3])
		}
	}
}

// checkLastLine wants the counts of the one request that was made. The log's
// lines come through another pipe, at any place among those of the output.
func checkLastLine(t *testing.T, lines []string) {
	t.Helper()
	var last string
	for _, line := range lines {
		if strings.HasPrefix(line, "{") {
			last = line
		}
	}
	var got struct {
		Pod                             string
		Requests, Answered, Connections int
	}
	if err := json.Unmarshal([]byte(last), &got); err != nil {
		t.Fatalf("%v: %q", err, last)
	}
	if got.Pod == "" || got.Requests != 1 || got.Answered != 1 || got.Connections != 1 {
		t.Errorf("it counted %s", last)
	}
}
