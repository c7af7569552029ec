package gather

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// chart renders the Helm chart of a folder with helm, without a cluster and with the values
// of the chart.
func (m *Manifests) chart(ctx context.Context, folder string) {
	name := filepath.Join(folder, "Chart.yaml")
	helm, err := exec.LookPath("helm")
	if err != nil {
		m.skip(name, 1, "a Helm chart, and there is no helm in PATH that renders it: helm template CHART | lameduck lint -")
		return
	}
	render := []string{"template", "release", folder}
	text, err := output(ctx, helm, render...)
	if version := wantsKubernetes(err); version != "" {
		text, err = output(ctx, helm, append(render, "--kube-version", version)...)
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "requires kubeVersion"):
		m.unread(name, hint.New(fmt.Errorf("helm template: %w", err),
			"render it for a Kubernetes version that it accepts: helm template "+folder+" --kube-version VERSION | lameduck lint -"))
		return
	case err != nil && strings.Contains(err.Error(), "missing in charts/ directory"):
		m.unread(name, hint.New(fmt.Errorf("helm template: %w", err),
			"fetch the charts that it depends on: helm dependency build "+folder))
		return
	case err != nil:
		m.unread(name, hint.New(fmt.Errorf("helm template: %w", err),
			"render it with the values that it needs: helm template "+folder+" --values FILE | lameduck lint -"))
		return
	}
	f := &object.File{Name: name, Data: text}
	m.build(ctx, f, folder, func(at object.Pos) (Place, bool) { return m.template(folder, f, at) })
}

// lowest finds the version that a constraint such as >=1.34.0-0 begins with; it finds none
// where that is an upper bound.
var lowest = regexp.MustCompile(`requires kubeVersion: [=~^> ]*v?(\d+\.\d+(?:\.\d+)?)`)

// wantsKubernetes is a Kubernetes version that the chart accepts, if err is only that it does
// not accept helm's: without a cluster helm renders for the version that it was built with.
func wantsKubernetes(err error) string {
	if err == nil {
		return ""
	}
	if found := lowest.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	return ""
}

// build reads the objects of a text that a program has made, from the chart in that folder or
// from none.
func (m *Manifests) build(ctx context.Context, f *object.File, chart string, origin func(object.Pos) (Place, bool)) {
	m.Files = append(m.Files, f)
	before := len(m.Skipped)
	m.builds = append(m.builds, &build{file: f, chart: chart, objects: m.read(ctx, f, bytes.NewReader(f.Data)), origin: origin})
	for i, s := range m.Skipped[before:] {
		if at, ok := origin(object.Pos{Line: s.Line, Column: 1}); ok {
			m.Skipped[before+i].File, m.Skipped[before+i].Line = at.File, at.Line
		}
	}
}
