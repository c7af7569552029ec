package manifest

import (
	"strings"
	"testing"
)

// kindOf is the Deployment of the tests as a workload of another kind, with
// lines in its spec.
func kindOf(kind, lines string) string {
	text := strings.Replace(deployment("", ""), "kind: Deployment", "kind: "+kind, 1)
	return strings.Replace(text, "spec:\n", "spec:\n"+indent("  ", lines), 1)
}

func TestStrategies(t *testing.T) {
	one := IntOrPercent{Value: 1}
	for name, test := range map[string]struct {
		kind, lines string
		want        Strategy
	}{
		"StatefulSet": {"StatefulSet", "serviceName: shop", Strategy{Type: "RollingUpdate", MaxUnavailable: one}},
		"all its fields": {
			"StatefulSet", "podManagementPolicy: Parallel\nordinals: {start: 3}\nupdateStrategy: {rollingUpdate: {partition: 2, maxUnavailable: 50%}}",
			Strategy{Type: "RollingUpdate", MaxUnavailable: IntOrPercent{50, true}, Partition: 2, FirstOrdinal: 3, Parallel: true},
		},
		"OnDelete":   {"StatefulSet", "updateStrategy: {type: OnDelete}", Strategy{Type: "OnDelete", MaxUnavailable: one}},
		"DaemonSet":  {"DaemonSet", "", Strategy{Type: "RollingUpdate", MaxUnavailable: one}},
		"with surge": {"DaemonSet", "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", Strategy{Type: "RollingUpdate", MaxSurge: one}},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, kindOf(test.kind, test.lines))
			if w.Kind != test.kind || w.Strategy != test.want {
				t.Errorf("%s: %+v, want %+v", w.Kind, w.Strategy, test.want)
			}
		})
	}
}

func TestWrongStrategies(t *testing.T) {
	for want, text := range map[string]string{
		"deploy.yaml:6:24: spec.podManagementPolicy: want OrderedReady or Parallel, not Sequential":              kindOf("StatefulSet", "podManagementPolicy: Sequential"),
		"deploy.yaml:6:26: spec.updateStrategy.type: want RollingUpdate or OnDelete, not Recreate":               kindOf("StatefulSet", "updateStrategy: {type: Recreate}"),
		"deploy.yaml:6:35: spec.updateStrategy.rollingUpdate: a DaemonSet has either maxSurge or maxUnavailable": kindOf("DaemonSet", "updateStrategy: {rollingUpdate: {maxSurge: 1}}"),
		"deploy.yaml:6:3: spec.strategy: Kubernetes has no field of this name here":                              kindOf("DaemonSet", "strategy: {}"),
	} {
		if _, err := Read("deploy.yaml", strings.NewReader(text), Choice{}); err == nil || err.Error() != want {
			t.Errorf("\n got %v\nwant %s", err, want)
		}
	}
}

// TestDeploymentBesideOthers: the database of a service is often in its file.
func TestDeploymentBesideOthers(t *testing.T) {
	w := read(t, strings.Replace(kindOf("StatefulSet", ""), "name: shop", "name: db", 1)+"---\n"+deployment("", ""))
	if w.Kind != "Deployment" || len(w.Notes) != 1 || w.Notes[0] != "deploy.yaml:1:1: StatefulSet db is not run, only Deployment shop is" {
		t.Errorf("%s, %q", w.Kind, w.Notes)
	}
}

func TestWhatTheLabDoesNotModel(t *testing.T) {
	w := read(t, strings.Replace(deployment("lifecycle: {stopSignal: SIGQUIT}\nvolumeMounts: [{name: conf, mountPath: /etc/shop}, {name: scratch, mountPath: /tmp}]", `
volumes: [{name: conf, configMap: {name: shop}}, {name: scratch, emptyDir: {}}]
hostNetwork: true
hostPID: true
readinessGates: [{conditionType: example.com/ready}]
`), "spec:\n", "spec:\n  paused: true\n", 1)+`---
apiVersion: v1
kind: Service
metadata: {name: front}
spec:
  selector: {app: shop}
  clusterIP: None
  sessionAffinity: ClientIP
  internalTrafficPolicy: Local
  trafficDistribution: PreferClose
  ports: [{port: 8080}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: guard}
spec: {minAvailable: 1, selector: {matchLabels: {app: shop}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaler}
spec: {scaleTargetRef: {kind: Deployment, name: shop}}
`)
	text := strings.Join(w.Notes, "\n")
	for _, want := range []string{
		"volume conf is not mounted: at /etc/shop", "paused", "hostNetwork", "hostPID", "readinessGates", "os.name", "headless", "sessionAffinity", "internalTrafficPolicy",
		"trafficDistribution", "PodDisruptionBudget guard", "HorizontalPodAutoscaler scaler",
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("no note, or several, on %s:\n%s", want, text)
		}
	}
	if len(w.Notes) != 12 {
		t.Errorf("%d notes:\n%s", len(w.Notes), text)
	}
}
