//go:build linux

package netnskube

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// defaultVersion is the Kubernetes of the module's own go.mod.
const defaultVersion = "v1.34.4"

// release is a version of Kubernetes that can be built here.
type release struct {
	modfile string                                               // the go.mod that builds it, its go.sum beside it
	needed  map[string]string                                    // file to the Debian package that has it
	runtime func(context.Context, func(string), *programs) error // where its containerd is from
}

var releases = map[string]release{
	defaultVersion: {"go.mod", debianRuntime, useDebianRuntime},
	"v1.36.3":      {"v1.36.mod", toBuildRuntime, buildRuntime},
}

// programs is where everything is that a cluster runs.
type programs struct {
	Version         string // Kubernetes'
	Hyperkube       string
	Pause           string
	Containerd, Ctr string
	ContainerdMajor int // which kind of configuration it reads
	Runc            string
	CNI             string // folder of the network plugins
}

// Build builds what a cluster runs, unless that has been done before, and
// installs the packages it needs. The first time it takes minutes, and from then
// on nothing: the binaries stay in the user's cache folder until their sources,
// or Go, change.
func Build(ctx context.Context, progress func(line string)) error {
	if err := Check(); err != nil {
		return err
	}
	_, err := prepare(ctx, progress)
	return err
}

func prepare(ctx context.Context, progress func(string)) (programs, error) {
	if progress == nil {
		progress = func(string) {}
	}
	version := os.Getenv(VersionVariable)
	if version == "" {
		version = defaultVersion
	}
	r, ok := releases[version]
	if !ok {
		return programs{}, withHint(fmt.Errorf("no Kubernetes %s here", version),
			VersionVariable+" is one of "+strings.Join(slices.Sorted(maps.Keys(releases)), ", "))
	}
	if err := installMissing(ctx, r.needed, progress); err != nil {
		return programs{}, err
	}
	dir, err := buildKubernetes(ctx, version, r.modfile, progress)
	if err != nil {
		return programs{}, err
	}
	built := programs{Version: version, Hyperkube: filepath.Join(dir, "hyperkube"), Pause: filepath.Join(dir, "pause")}
	err = r.runtime(ctx, progress, &built)
	return built, err
}

// build is one set of programs from one Go module.
type build struct {
	name    string   // of its folder in the cache, before the stamp
	source  string   // the module's folder
	modfile string   // in that folder
	flags   []string // of go build
	env     []string
	targets map[string]string // program to package
	notice  string            // what to print before a build
}

func buildKubernetes(ctx context.Context, version, modfile string, progress func(string)) (string, error) {
	source, err := sourceOf("kubernetes")
	if err != nil {
		return "", err
	}
	major, minor, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	const pkg = "k8s.io/component-base/version"
	stamp := fmt.Sprintf("-s -w -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s", pkg, version, major, minor)
	return build{
		name:    "kubernetes-" + version,
		source:  source,
		modfile: modfile,
		flags:   []string{"-trimpath", "-buildvcs=false", "-ldflags=" + stamp},
		env:     []string{"CGO_ENABLED=0"},
		targets: map[string]string{"hyperkube": ".", "pause": "./pause"},
		notice:  "building Kubernetes " + version + " (the first time about 7 minutes on 2 cores, and 4 GB of Go's caches)",
	}.run(ctx, progress)
}

// run returns the folder with the programs, and builds them first if they are
// not there. A process that comes while another builds waits for it.
func (b build) run(ctx context.Context, progress func(string)) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "netnskube")
	stamp, err := b.stamp(ctx)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, b.name+"-"+stamp)
	if b.done(dir) {
		now := time.Now()
		return dir, os.Chtimes(dir, now, now) // so that prune finds it in use
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	lock, err := os.Open(cache)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := flock(ctx, lock); err != nil {
		return "", err
	}
	if b.done(dir) {
		return dir, nil
	}
	progress(b.notice)
	return dir, errors.Join(b.build(ctx, dir), prune(cache, b.name, dir))
}

func (b build) done(dir string) bool {
	for target := range b.targets {
		if _, err := os.Stat(filepath.Join(dir, target)); err != nil {
			return false
		}
	}
	return true
}

// build builds into a folder beside dir that gets its name when all is there.
func (b build) build(ctx context.Context, dir string) error {
	fresh, err := os.MkdirTemp(filepath.Dir(dir), ".build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh) // after the rename there's nothing left to remove
	for target, pkg := range b.targets {
		args := append([]string{"build", "-modfile=" + b.modfile, "-o", filepath.Join(fresh, target)}, b.flags...)
		if output, err := b.goCommand(ctx, append(args, pkg)...).CombinedOutput(); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("build %s: %w: %s", target, err, strings.TrimSpace(string(output)))
		}
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// goCommand is the go command in the module, outside of any workspace. It asks
// for as little of a shared machine as it can.
func (b build) goCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.source
	cmd.Env = append(os.Environ(), append(b.env, "GOWORK=off", "GOFLAGS=")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // the compilers, too
	return cmd
}

// stamp is a short hash of all that the programs are made of.
func (b build) stamp(ctx context.Context) (string, error) {
	goVersion, err := b.goCommand(ctx, "env", "GOVERSION", "GOOS", "GOARCH").Output()
	if err != nil {
		return "", withHint(fmt.Errorf("run the go command: %w", err), "Go must be installed and on the PATH")
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s%q%q%q", goVersion, b.flags, b.env, b.modfile)
	err = filepath.WalkDir(b.source, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !b.counts(d.Name()) {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		fmt.Fprintf(hash, "\x00%s\x00", strings.TrimPrefix(path, b.source))
		_, err = io.Copy(hash, f)
		return err
	})
	return fmt.Sprintf("%x", hash.Sum(nil)[:6]), err
}

// counts reports whether a file of the module has a part in the build.
func (b build) counts(file string) bool {
	sums := strings.TrimSuffix(b.modfile, ".mod") + ".sum"
	return file == b.modfile || file == sums || filepath.Ext(file) == ".go"
}

// prune removes what earlier sources were built to, once it was not asked for
// it for a week.
func prune(cache, name, current string) error {
	const week = 7 * 24 * time.Hour
	old, err := filepath.Glob(filepath.Join(cache, name+"-*"))
	if err != nil {
		return err
	}
	for _, dir := range old {
		if info, err := os.Stat(dir); err != nil || dir == current || time.Since(info.ModTime()) < week {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// flock waits for an exclusive lock, or until ctx ends.
func flock(ctx context.Context, f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			return err
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// sourceOf finds the folder of a module that lies beside this package: where
// this package was compiled from, or else above the working directory.
func sourceOf(module string) (string, error) {
	var candidates []string
	if _, file, _, ok := runtime.Caller(0); ok {
		candidates = append(candidates, filepath.Join(filepath.Dir(file), "..", module))
	}
	if dir, err := os.Getwd(); err == nil {
		for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
			candidates = append(candidates, filepath.Join(dir, "e2e", module), filepath.Join(dir, module))
		}
	}
	for _, dir := range candidates {
		if data, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(data), "module github.com/lameduck-dev/lameduck/e2e/") {
			return filepath.Clean(dir), nil
		}
	}
	return "", withHint(fmt.Errorf("the sources of %s are not here", module), "run it inside a checkout of lameduck")
}
