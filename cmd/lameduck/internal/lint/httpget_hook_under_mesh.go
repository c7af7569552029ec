package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"

// The kubelet is outside of the mesh, so it has no certificate for mTLS.
var ruleHTTPGetHookUnderMesh = rule{
	id:    "httpget-hook-under-mesh",
	title: "An httpGet hook has to get through a mesh proxy",
	why: "The kubelet sends the request of an httpGet hook from outside of the mesh, without a certificate of it. Where the mesh asks for mTLS the proxy refuses it, the hook fails, and the stop signal is sent at once. " +
		"Istio routes probes around the proxy, and hooks since version 1.25; Linkerd lets probes through, but no hooks, where its policy asks for authentication.",
	sources: []string{
		"https://github.com/istio/istio/issues/30857",
		"https://github.com/istio/istio/pull/53654",
		"https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/",
		"https://linkerd.io/2/reference/authorization-policy/",
	},
	severity: Warning,
	check:    eachWorkload(httpGetHookUnderMesh),
}

func httpGetHookUnderMesh(w *model.Workload, r *report) {
	mesh := w.Mesh()
	if mesh == "" || len(w.Traffic()) == 0 {
		return
	}
	for _, c := range w.Containers {
		get := c.PreStop().Get("httpGet")
		if !get.Present() || c.Proxy() != nil {
			continue
		}
		reason, severity := refusesKubelet(w, mesh, r.set)
		if reason == "" {
			continue
		}
		r.add(w.Object, get, "preStop httpGet comes from the kubelet, which is outside of the mesh %s: a proxy that asks for mTLS refuses it, and the stop signal is sent at once", mesh).as(severity).
			because("%s", reason).
			cure("use sleep: {seconds: %d} if the hook is to wait, or an exec hook: it runs inside of the pod", model.DrainDelay)
	}
}

// refusesKubelet is why the proxy may refuse the kubelet's request, and how sure that
// is; "" where it does not.
func refusesKubelet(w *model.Workload, mesh string, s *model.Set) (reason string, severity Severity) {
	annotations := w.Template.Get("metadata", "annotations")
	switch mesh {
	case "istio":
		strict := strictMTLS(w, s)
		if annotations.Field("sidecar.istio.io/rewriteAppHTTPProbers").Text() == "false" {
			if strict != "" {
				return "the annotation sidecar.istio.io/rewriteAppHTTPProbers is false, and " + strict + " sets STRICT", Error
			}
			return "the annotation sidecar.istio.io/rewriteAppHTTPProbers is false", Warning
		}
		for _, c := range w.Containers {
			if p := c.Proxy(); p != nil && p.Mesh {
				if major, minor, ok := c.Image().Version(); ok && (major > 1 || minor >= 25) {
					return "", Info
				} else if ok {
					return "Istio before 1.25 routes no hooks around the proxy: container " + c.Name + " is " + c.Image().Text, Warning
				}
			}
		}
		return "Istio routes hooks around its proxy since version 1.25: which version injects the proxy is not in the manifests", Info
	case "linkerd":
		switch policy := annotations.Field("config.linkerd.io/default-inbound-policy").Text(); policy {
		case "deny", "all-authenticated", "cluster-authenticated":
			return "the annotation config.linkerd.io/default-inbound-policy is " + policy, Warning
		}
	}
	return "", Info
}

// strictMTLS names a PeerAuthentication of the set that asks for mTLS in the namespace
// of w; "" for none.
func strictMTLS(w *model.Workload, s *model.Set) string {
	for _, o := range s.Around {
		if o.Is("security.istio.io", "PeerAuthentication") && o.Get("spec", "mtls", "mode").Text() == "STRICT" &&
			(o.Namespace == w.Namespace && !o.Get("spec", "selector").Present() || o.Namespace == "istio-system") {
			return o.String()
		}
	}
	return ""
}
