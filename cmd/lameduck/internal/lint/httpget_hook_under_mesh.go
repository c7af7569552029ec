package lint

// The kubelet is outside of the mesh.
var ruleHTTPGetHookUnderMesh = rule{
	id:    "httpget-hook-under-mesh",
	title: "An httpGet hook has to get through a mesh proxy",
	why: "The kubelet sends the request of an httpGet hook from outside of the mesh, without a certificate of it. Where the mesh asks for mTLS the proxy refuses it, the hook fails, and the stop signal is sent at once. " +
		"Istio leads probes around the proxy, and hooks since version 1.25; Linkerd lets probes through, but no hooks, where its policy asks for authentication.",
	sources: []string{
		"https://github.com/istio/istio/issues/30857",
		"https://github.com/istio/istio/pull/53654",
		"https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/",
		"https://linkerd.io/2/reference/authorization-policy/",
	},
	severity: Warning,
	check:    eachWorkload(httpGetHookUnderMesh),
}

func httpGetHookUnderMesh(w *workload, r *report) {
	mesh := w.mesh()
	if mesh == "" || len(w.traffic()) == 0 {
		return
	}
	for _, c := range w.containers {
		get := c.preStop().Get("httpGet")
		if !get.Present() || c.proxy() != nil {
			continue
		}
		reason, severity := w.refusesKubelet(mesh, r.set)
		if reason == "" {
			continue
		}
		r.add(w.Object, get, "preStop httpGet comes from the kubelet, which is outside of the mesh %s: a proxy that asks for mTLS refuses it, and the stop signal is sent at once", mesh).as(severity).
			because("%s", reason).
			cure("use sleep: {seconds: %d} if the hook is to wait, or an exec hook: it runs inside of the pod", drainDelay)
	}
}

// refusesKubelet is why the proxy may refuse the kubelet's request, and how sure that
// is; "" where it does not.
func (w *workload) refusesKubelet(mesh string, s *set) (reason string, severity Severity) {
	annotations := w.template.Get("metadata", "annotations")
	switch mesh {
	case "istio":
		strict := w.strictMTLS(s)
		if annotations.Field("sidecar.istio.io/rewriteAppHTTPProbers").Text() == "false" {
			if strict != "" {
				return "the annotation sidecar.istio.io/rewriteAppHTTPProbers is false, and " + strict + " sets STRICT", Error
			}
			return "the annotation sidecar.istio.io/rewriteAppHTTPProbers is false", Warning
		}
		for _, c := range w.containers {
			if p := c.proxy(); p != nil && p.mesh {
				if major, minor, ok := c.image().version(); ok && (major > 1 || minor >= 25) {
					return "", Info
				} else if ok {
					return "Istio before 1.25 leads no hooks around the proxy: container " + c.name + " is " + c.image().text, Warning
				}
			}
		}
		return "Istio leads hooks around its proxy since version 1.25: which one injects it is not in the manifests", Info
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
func (w *workload) strictMTLS(s *set) string {
	for _, o := range s.objects {
		if o.Is("security.istio.io", "PeerAuthentication") && o.Get("spec", "mtls", "mode").Text() == "STRICT" &&
			(o.Namespace == w.Namespace && !o.Get("spec", "selector").Present() || o.Namespace == "istio-system") {
			return o.String()
		}
	}
	return ""
}
