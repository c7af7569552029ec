// Command pin writes the go.mod that builds a version of Kubernetes from
// published modules: pin KUBERNETES-VERSION COREDNS-VERSION FILE. Run it in
// e2e/kubernetes, and go mod tidy -modfile=FILE after it.
//
// Upstream's own go.mod cannot be used as it is: it replaces the staging modules
// by folders of its repository. Ours replaces them by what was published from
// those folders, and pins all else to upstream's version, whatever CoreDNS would
// like to have: what runs here is the Kubernetes that was released.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/mod/modfile"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "pin: KUBERNETES-VERSION COREDNS-VERSION FILE, as in v1.34.4 v1.13.2 go.mod")
		os.Exit(2)
	}
	if err := pin(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "pin:", err)
		os.Exit(1)
	}
}

func pin(kubernetes, coredns, path string) error {
	upstream, err := upstreamModule(kubernetes)
	if err != nil {
		return err
	}
	ours, err := pinned(upstream, kubernetes, coredns)
	if err != nil {
		return err
	}
	data, err := ours.Format()
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// upstreamModule reads the go.mod of a version of Kubernetes.
func upstreamModule(version string) (*modfile.File, error) {
	output, err := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes@"+version).Output()
	if err != nil {
		return nil, fmt.Errorf("download Kubernetes %s: %w", version, err)
	}
	var found struct{ GoMod string }
	if err := json.Unmarshal(output, &found); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(found.GoMod)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(found.GoMod, data, nil)
}

// pinned is our module: what upstream requires, at upstream's versions.
func pinned(upstream *modfile.File, kubernetes, coredns string) (*modfile.File, error) {
	staging := strings.Replace(kubernetes, "v1.", "v0.", 1)
	ours := new(modfile.File)
	if err := ours.AddModuleStmt("github.com/lameduck-dev/lameduck/e2e/kubernetes"); err != nil {
		return nil, err
	}
	if err := ours.AddGoStmt("1.26.0"); err != nil {
		return nil, err
	}
	ours.AddNewRequire("k8s.io/kubernetes", kubernetes, false)
	ours.AddNewRequire("github.com/coredns/coredns", coredns, false)
	for _, r := range upstream.Require {
		version := r.Mod.Version
		if version == "v0.0.0" { // a staging module
			version = staging
		}
		ours.AddNewRequire(r.Mod.Path, version, r.Indirect)
		if err := ours.AddReplace(r.Mod.Path, "", r.Mod.Path, version); err != nil {
			return nil, err
		}
	}
	for _, r := range upstream.Replace { // staging modules that none of the others needs
		if strings.HasPrefix(r.New.Path, "./staging/") {
			if err := ours.AddReplace(r.Old.Path, "", r.Old.Path, staging); err != nil {
				return nil, err
			}
		}
	}
	ours.Cleanup()
	ours.SortBlocks()
	return ours, nil
}
