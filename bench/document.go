package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// tablesFile is the page whose tables this program writes.
const tablesFile = "docs/PEERS.md"

// findTables finds the page in this folder or above it, and makes sure that
// the tables have a place there.
func findTables() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		file := filepath.Join(dir, filepath.FromSlash(tablesFile))
		page, err := os.ReadFile(file)
		switch {
		case err == nil:
			_, err = replaceTable(string(page), "peers", "")
			return file, err
		case !errors.Is(err, os.ErrNotExist):
			return "", err
		case filepath.Dir(dir) == dir:
			return "", fmt.Errorf("there is no %s here or above\nhint: run it in the repository", tablesFile)
		}
		dir = filepath.Dir(dir)
	}
}

// updateTables writes what was measured, and leaves all other tables as they
// are: each names its run.
func (r *results) updateTables(file string) error {
	bytes, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	page := string(bytes)
	if r.Lost != nil { // all others name their version
		if page, err = replaceTable(page, "peers", r.peerList()); err != nil {
			return err
		}
	}
	for _, t := range r.tables() {
		if page, err = replaceTable(page, t.name, t.text+"\n"+r.origin()); err != nil {
			return err
		}
	}
	return os.WriteFile(file, []byte(page), 0o644)
}

// replaceTable replaces what stands between two comments.
func replaceTable(page, name, text string) (string, error) {
	begin, end := "<!-- table "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, begins := strings.Cut(page, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", fmt.Errorf("%s has no place for the table %q: a line %sand a line %s", tablesFile, name, begin, end)
	}
	return before + begin + text + end + after, nil
}

// peerList lists what was measured and how each was configured.
func (r *results) peerList() string {
	var g grid
	g.row("peer", "version", "what it was given")
	g.row("---", "---", "---")
	for _, p := range peers {
		version := "a recipe"
		switch {
		case p.name == ours:
			version = r.Modules[ours]
		case p.module != "":
			version = r.Modules[p.module]
		}
		g.row(bold(p.name), version, p.given)
	}
	g.WriteString("\nNot measured:\n\n")
	for _, absent := range absentPeers {
		fmt.Fprintf(&g, "- %s\n", absent)
	}
	return g.String()
}

// origin names where a table comes from.
func (r *results) origin() string {
	return fmt.Sprintf("*%s, %s, %s, lameduck %s: `%s`*\n", time.Now().Format(time.DateOnly), r.Machine, r.Go, r.Modules[ours], r.Command)
}

// command is how this program was called, as a reader would do it again.
func command() string { return strings.Join(append([]string{"go run ./bench"}, os.Args[1:]...), " ") }

// machine is what the measurements ran on.
func machine() string {
	name := fmt.Sprintf("%s/%s", runtime.GOOS, runtime.GOARCH)
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name"); ok {
			model, _, _ := strings.Cut(rest, "\n")
			name = strings.Trim(model, "\t: ")
		}
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		name += ", Linux " + strings.TrimSpace(string(release))
	}
	return fmt.Sprintf("%d × %s", runtime.NumCPU(), name)
}

// moduleVersions are those this program was built with, and ours.
func moduleVersions() map[string]string {
	versions := map[string]string{ours: "this tree"}
	if out, err := exec.Command("git", "describe", "--always", "--dirty").Output(); err == nil {
		versions[ours] = strings.TrimSpace(string(out))
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, m := range info.Deps {
		versions[m.Path] = m.Version
	}
	return versions
}
