package manifest

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"

// strategyOf reads how the pods of a kind of workload are replaced.
func strategyOf(kind string, spec value) Strategy {
	switch kind {
	case "StatefulSet":
		return statefulSetStrategy(spec)
	case "DaemonSet":
		return daemonSetStrategy(spec.get("updateStrategy"))
	}
	return deploymentStrategy(spec.get("strategy"))
}

// deploymentStrategy has the defaults of apps/v1: a quarter more, and a quarter fewer.
func deploymentStrategy(v value) Strategy {
	quarter := IntOrPercent{Value: 25, Percent: true}
	s := Strategy{Type: v.get("type").text("RollingUpdate")}
	update := v.get("rollingUpdate")
	switch s.Type {
	case "RollingUpdate":
		s.MaxSurge = update.get("maxSurge").share(quarter)
		s.MaxUnavailable = update.get("maxUnavailable").share(quarter)
		if s.MaxSurge.Value == 0 && s.MaxUnavailable.Value == 0 {
			update.fail("maxSurge and maxUnavailable are both 0, so no pod could ever be replaced")
		}
		if s.MaxUnavailable.Percent && s.MaxUnavailable.Value > 100 {
			update.get("maxUnavailable").fail("want at most 100%%, not %d%%", s.MaxUnavailable.Value)
		}
	case "Recreate":
		if update.present() {
			update.fail("a Recreate strategy has none")
		}
	default:
		v.get("type").fail("want RollingUpdate or Recreate, not %s", document.Display(s.Type))
	}
	return s
}

// statefulSetStrategy has the defaults of apps/v1: one pod at a time, all of
// them, each after the one before is ready.
func statefulSetStrategy(spec value) Strategy {
	v := spec.get("updateStrategy")
	s := Strategy{Type: updateType(v), MaxUnavailable: IntOrPercent{Value: 1}}
	if s.Type == "RollingUpdate" {
		update := v.get("rollingUpdate")
		s.Partition = update.get("partition").number(0, 0)
		s.MaxUnavailable = update.get("maxUnavailable").share(s.MaxUnavailable)
	}
	switch policy := spec.get("podManagementPolicy").text("OrderedReady"); policy {
	case "OrderedReady":
	case "Parallel":
		s.Parallel = true
	default:
		spec.get("podManagementPolicy").fail("want OrderedReady or Parallel, not %s", document.Display(policy))
	}
	s.FirstOrdinal = spec.get("ordinals").get("start").number(0, 0)
	return s
}

// daemonSetStrategy has the defaults of apps/v1: the old pod of one node ends,
// and then its new one starts.
func daemonSetStrategy(v value) Strategy {
	s := Strategy{Type: updateType(v), MaxUnavailable: IntOrPercent{Value: 1}}
	if s.Type != "RollingUpdate" {
		return s
	}
	update := v.get("rollingUpdate")
	s.MaxSurge = update.get("maxSurge").share(IntOrPercent{})
	s.MaxUnavailable = update.get("maxUnavailable").share(s.MaxUnavailable)
	switch {
	case s.MaxSurge.Value > 0 && s.MaxUnavailable.Value > 0:
		update.failHint("set maxUnavailable to 0; its default is 1", "a DaemonSet has either maxSurge or maxUnavailable")
	case s.MaxSurge.Value == 0 && s.MaxUnavailable.Value == 0:
		update.fail("maxSurge and maxUnavailable are both 0, so no pod could ever be replaced")
	}
	return s
}

func updateType(v value) string {
	kind := v.get("type").text("RollingUpdate")
	if kind != "RollingUpdate" && kind != "OnDelete" {
		v.get("type").fail("want RollingUpdate or OnDelete, not %s", document.Display(kind))
	}
	return kind
}
