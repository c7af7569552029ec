package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPermissions: the ClusterRole of deploy/ is enough for whatever the tool does,
// and a user who lacks a permission gets the rule that grants it.
func TestPermissions(t *testing.T) {
	w := need(t)
	t.Parallel()
	s := newNamespace(t, w)
	a := server("lameduck")
	a.replicas, a.env = 2, []string{"LAMEDUCK_DELAY=3s"} // it is not the drain that is tried here
	s.deploy(a)
	s.kubectl("create", "serviceaccount", "sre")
	kubeconfig := s.loginAs("sre")
	verify := []string{"deploy/lameduck", "-n", s.name, "--kubeconfig", kubeconfig, "--workers=1", rate}

	refused := func(rule string, args ...string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), s.tool, append(append([]string{"verify"}, verify...), args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), rule) || strings.Count(string(out), "\n") > 12 {
			t.Errorf("%v\n%s\nwant %q", err, out, rule)
		}
	}
	refused(`- {apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"]}`)
	s.kubectl("create", "rolebinding", "sre-view", "--clusterrole=view", "--serviceaccount="+s.name+":sre")
	refused(`- {apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"]}`, "--dry-run")
	refused(`- {apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"]}`, "--dry-run", "--action=evict")
	refused(`- {apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"]}`)

	role := "lameduck-" + s.name
	kubectl(t, strings.ReplaceAll(read(t, "../deploy/rbac.yaml"), "name: lameduck", "name: "+role), "apply", "-f", "-")
	t.Cleanup(func() {
		_, _ = try(t, "", "delete", "clusterrole,clusterrolebinding", role, role+"-nodes", "--ignore-not-found")
	})
	s.kubectl("delete", "rolebinding", "sre-view")
	s.kubectl("create", "rolebinding", "sre", "--clusterrole="+role, "--serviceaccount="+s.name+":sre")
	kubectl(t, "", "create", "clusterrolebinding", role+"-nodes", "--clusterrole="+role+"-nodes", "--serviceaccount="+s.name+":sre")
	for _, action := range []string{"rollout", "delete", "evict", "scale-down", "drain-node"} {
		if action == "drain-node" {
			cordoning.Lock()
			defer cordoning.Unlock()
		}
		s.verifyFinds(nil, "deploy/lameduck", "--kubeconfig", kubeconfig, "--workers=1", rate, "--action", action)
	}
}

// loginAs writes a kubeconfig for a service account.
func (s *namespace) loginAs(account string) string {
	s.Helper()
	path := filepath.Join(s.TempDir(), "kubeconfig")
	config := func(args ...string) {
		s.Helper()
		kubectl(s.T, "", append([]string{"config", "--kubeconfig", path}, args...)...)
	}
	write(s.T, path, kubectl(s.T, "", "config", "view", "--raw", "--minify", "--flatten"))
	config("set-credentials", account, "--token="+s.kubectl("create", "token", account))
	config("set-context", "--current", "--user="+account)
	return path
}
