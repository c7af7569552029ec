package gather

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// endings are those of the files that a walk reads.
var endings = []string{".yaml", ".yml", ".json"}

// found is what a walk through a folder has found, in its order.
type found struct {
	named          []string // files that are arguments
	files          []string
	charts         []string // folders of Helm charts
	kustomizations []string // folders
	failed         []failure
}

type failure struct {
	path string
	err  error
}

// walk looks for manifests below root, which may be a link. Below it a link to a file is a file;
// a link to a folder is not followed, because it may lead back. Hidden folders belong to other
// programs. What is in the folder of a chart belongs to the chart.
func walk(root string) (f found) {
	if info, err := os.Lstat(root); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		root += string(filepath.Separator) // WalkDir follows no link, but what is behind one
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			f.failed = append(f.failed, failure{path, err})
			return nil
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() && isChart(path):
			f.charts = append(f.charts, path)
			return filepath.SkipDir
		case d.IsDir() && kustomizationIn(path) != "":
			f.kustomizations = append(f.kustomizations, path)
		case !d.IsDir() && isManifest(path) && isFile(path, d) && !isKustomization(d.Name()):
			f.files = append(f.files, path)
		}
		return nil
	})
	if err != nil {
		f.failed = append(f.failed, failure{root, err})
	}
	return f
}

// isFile reports whether the entry is a file, or a link to one. A link that leads nowhere,
// or in a circle, counts as a file: reading it then reports the error.
func isFile(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return d.Type().IsRegular()
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular()
}

func isChart(folder string) bool { return exists(filepath.Join(folder, "Chart.yaml")) }

// kustomizationNames are those that kustomize looks for.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

func isKustomization(name string) bool { return slices.Contains(kustomizationNames, name) }

// kustomizationIn is the path of the kustomization of a folder, "" if it has none.
func kustomizationIn(folder string) string {
	for _, name := range kustomizationNames {
		if path := filepath.Join(folder, name); exists(path) {
			return path
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// isManifest reports whether a file is one that a walk would read.
func isManifest(path string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(path)))
}

// unique are the paths, cleaned, without those that are there a second time.
func unique(paths []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(paths, func(path string) bool {
		again := seen[filepath.Clean(path)]
		seen[filepath.Clean(path)] = true
		return again
	})
}
