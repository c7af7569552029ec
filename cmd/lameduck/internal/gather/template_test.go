package gather

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// chartTemplate has what charts have: a comment first, a name that begins as another one does,
// fields of one name at several places, items as far to the left as their field, and what an
// include makes.
const chartTemplate = `{{/*
  the server: one of two
*/}}
{{- if .Values.on }}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ include "web.fullname" . }}
  labels: {{- include "web.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling }}replicas: {{ .Values.replicas }}{{ end }}
  template:
    metadata:
      labels: {{- include "web.labels" . | nindent 8 }}
    spec:
      initContainers:
      - name: {{ .Chart.Name }}-init
        image: busybox
      containers:
      - name: {{ .Chart.Name }}
        image: web
        {{- with .Values.ports }}
        ports: {{ toYaml . | nindent 8 }}
        {{- end }}
      {{- include "web.proxy" . | nindent 6 }}
      - name: web-user
        image: user
      {{- include "web.more" . | nindent 6 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "web.fullname" . }}
spec:
  type: ClusterIP
{{- end }}
`

const chartRendered = `---
# Source: web/templates/web.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: release-web
  labels:
    app: web
spec:
  replicas: 1
  template:
    metadata:
      labels:
        app: web
    spec:
      initContainers:
      - name: web-init
        image: busybox
      containers:
      - name: web
        image: web
        ports:
        - containerPort: 80
      - name: proxy
        image: proxy
      - name: web-user
        image: user
      affinity:
        podAntiAffinity: {}
---
# Source: web/templates/web.yaml
apiVersion: v1
kind: Service
metadata:
  name: release-web
spec:
  type: ClusterIP
`

// TestPlaceInTemplate: what helm has rendered is shown in the template that it has come from, at
// the field itself or at one around it, and never at another one of the same name.
func TestPlaceInTemplate(t *testing.T) {
	write(t, map[string]string{"web/Chart.yaml": "name: web\n", "web/templates/web.yaml": chartTemplate})
	program(t, "helm", "cat <<'EOT'\n"+chartRendered+"EOT\n")
	m := Read(t.Context(), []string{"web"}, nil)
	rendered := strings.Split(chartRendered, "\n")
	template := strings.Split(chartTemplate, "\n")
	for _, c := range []struct{ rendered, within, want string }{
		{"  name: release-web", "StatefulSet", `  name: {{ include "web.fullname" . }}`},
		{"  name: release-web", "Service", `  name: {{ include "web.fullname" . }}`},
		{"apiVersion: v1", "", "apiVersion: v1"},
		{"  replicas: 1", "", "  {{- if not .Values.autoscaling }}replicas: {{ .Values.replicas }}{{ end }}"},
		{"      - name: web-user", "", "      - name: web-user"},
		{"      - name: web", "", "      containers:"}, // or proxy
		{"        image: proxy", "", "      containers:"},
		{"        image: web", "", "        image: web"},
		{"        - containerPort: 80", "", "        ports: {{ toYaml . | nindent 8 }}"},
		{"        podAntiAffinity: {}", "", "    spec:"},
		{"      - name: web-init", "", "      - name: {{ .Chart.Name }}-init"},
	} {
		at := -1
		for i, line := range rendered {
			if line == "kind: "+c.within {
				at = -1
			}
			if line == c.rendered && at < 0 {
				at = i + 1
			}
			if c.within == "StatefulSet" && line == "kind: Service" {
				break
			}
		}
		got := m.Origin(Place{"web/Chart.yaml", object.Pos{Line: at, Column: 1}})
		if want := filepath.Join("web", "templates", "web.yaml"); got.File != want {
			t.Errorf("%q: %v", c.rendered, got)
			continue
		}
		line := template[got.Line-1]
		if line != c.want || got.Column != 1+len(line)-len(strings.TrimLeft(line, " ")) {
			t.Errorf("line %d, %q, is shown at %v, %q; want %q", at, c.rendered, got.Pos, line, c.want)
		}
		if service := got.Line > strings.Count(chartTemplate[:strings.Index(chartTemplate, "---\n")], "\n"); c.within != "" && service != (c.within == "Service") {
			t.Errorf("line %d, %q of the %s, is shown at %v", at, c.rendered, c.within, got.Pos)
		}
	}
}
