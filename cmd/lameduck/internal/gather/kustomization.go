package gather

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
)

// kustomization is one of them, and what it names.
type kustomization struct {
	folder, name string
	folders      []string // bases and components
	files        []string
	component    bool   // it can only be built as a part of others
	remote       string // the first of what it names that is not on this machine
	err          error
	reading      bool // its bases are being read
}

// readKustomization reads what the kustomization of a folder names. kustomize reports any
// mistake in it, except that the file cannot be read safely, which is in err.
func readKustomization(folder string) *kustomization {
	k := &kustomization{folder: folder, name: filepath.Base(kustomizationIn(folder))}
	path := filepath.Join(folder, k.name)
	nodes, err := readSafely(path)
	if err != nil || len(nodes) == 0 {
		k.err = err
		return k
	}
	var fields kustomizationFields
	_ = nodes[0].Load(&fields) // what it could read is in fields
	k.component = fields.Kind == "Component"
	if len(fields.HelmCharts) > 0 {
		k.remote = "a Helm chart"
	}
	for _, name := range fields.paths() {
		k.add(name)
	}
	return k
}

// kustomizationFields are the fields that name files:
// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
type kustomizationFields struct {
	Kind                                           string
	Resources, Bases, Components                   []string
	Configurations, Crds, Generators, Transformers []string
	Validators                                     []string
	PatchesStrategicMerge                          []string `yaml:"patchesStrategicMerge"`
	Patches, Replacements                          []pathField
	PatchesJSON6902                                []pathField      `yaml:"patchesJson6902"`
	ConfigMapGenerator                             []generatorField `yaml:"configMapGenerator"`
	SecretGenerator                                []generatorField `yaml:"secretGenerator"`
	HelmCharts                                     []any            `yaml:"helmCharts"`
}

type pathField struct{ Path string }

type generatorField struct {
	Files, Envs []string
	Env         string
}

func (f *kustomizationFields) paths() (all []string) {
	for _, list := range [][]string{f.Resources, f.Bases, f.Components, f.Configurations, f.Crds, f.Generators, f.Transformers, f.Validators, f.PatchesStrategicMerge} {
		all = append(all, list...)
	}
	for _, list := range [][]pathField{f.Patches, f.Replacements, f.PatchesJSON6902} {
		for _, p := range list {
			all = append(all, p.Path)
		}
	}
	for _, list := range [][]generatorField{f.ConfigMapGenerator, f.SecretGenerator} {
		for _, g := range list {
			all = append(append(all, g.Env), g.Envs...)
			for _, file := range g.Files {
				all = append(all, file[strings.IndexByte(file, '=')+1:])
			}
		}
	}
	return all
}

// add adds one path of the kustomization: a file, a folder, or what is on another machine.
func (k *kustomization) add(name string) {
	if name == "" || strings.Contains(name, "\n") { // a patch itself, and no path
		return
	}
	path := filepath.Join(k.folder, filepath.FromSlash(name))
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		k.folders = append(k.folders, path)
	case err == nil:
		k.files = append(k.files, path)
	case k.remote == "" && isRemote(name):
		k.remote = name
	}
}

// isRemote reports whether kustomize would fetch what has this name.
func isRemote(name string) bool {
	return strings.Contains(name, "://") || strings.Contains(name, "?ref=") || strings.Contains(name, "@") ||
		strings.HasPrefix(name, "github.com/") || strings.HasPrefix(name, "git::")
}

// readSafely reads the YAML documents of a file.
func readSafely(path string) ([]*document.Node, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxHeld {
		err = hint.New(errors.New(path+": "+errTooLarge.Error()), "split the file: an object of Kubernetes has less than 1.5 MiB")
	}
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return document.Read(path, document.Part{Line: 1, Text: data})
}
