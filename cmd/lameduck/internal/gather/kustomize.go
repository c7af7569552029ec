package gather

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// originAnnotation is an annotation that kustomize adds to each object where it is asked
// to. Its value is YAML; the field "path" is the file that the object has come from.
const originAnnotation = "config.kubernetes.io/origin"

// errNoKustomize is the error where no program can build a kustomization. docs/DECISIONS.md
// has the reason why kustomize's library does not build it.
var errNoKustomize = errors.New("no kustomize in PATH")

// buildKustomization is the text of the kustomization of a folder, and the folder that
// the paths of its origins begin at. The program gets a kustomization of its own that
// has the folder as its base, and asks for the origins.
func buildKustomization(ctx context.Context, folder string) (text []byte, from string, err error) {
	program := builder()
	if program == nil {
		return nil, "", errNoKustomize
	}
	from, err = os.MkdirTemp("", "lameduck-lint")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(from)
	base, err := relative(from, folder)
	if err != nil {
		return nil, "", err
	}
	content := fmt.Sprintf("resources: [%q]\nbuildMetadata: [originAnnotations]\n", filepath.ToSlash(base))
	if err := os.WriteFile(filepath.Join(from, "kustomization.yaml"), []byte(content), 0o600); err != nil {
		return nil, "", err
	}
	text, err = output(ctx, program[0], program[1], from)
	return text, from, err
}

// builder is the command that builds a folder, nil if there is none.
func builder() []string {
	for _, command := range [][]string{{"kustomize", "build"}, {"kubectl", "kustomize"}} {
		if path, err := exec.LookPath(command[0]); err == nil {
			return []string{path, command[1]}
		}
	}
	return nil
}

// relative is the path from one folder to another with all links resolved: kustomize accepts
// no base through a link.
func relative(from, to string) (string, error) {
	for _, path := range []*string{&from, &to} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return "", err
		}
		if *path, err = filepath.EvalSymlinks(abs); err != nil {
			return "", err
		}
	}
	return filepath.Rel(from, to)
}

// here is the path of a file as a user would write it in the folder where the tool runs.
func here(path string) string {
	if folder, err := os.Getwd(); err == nil {
		if folder, err = filepath.EvalSymlinks(folder); err == nil {
			if rel, err := filepath.Rel(folder, path); err == nil {
				return rel
			}
		}
	}
	return path
}
