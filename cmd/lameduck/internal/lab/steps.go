package lab

// steps are what the loop does for the action, each after the one before is
// complete.
func (l *loop) steps(a Action) ([]func(), error) {
	if l.replicas == 0 {
		return nil, errNotStarted
	}
	if err := Possible(l.cfg.Workload, a); err != nil {
		return nil, err
	}
	switch full := l.cfg.Workload.Replicas; a {
	case Rollout:
		return []func(){func() { l.revision++ }}, nil
	case Delete:
		return []func(){func() { l.remove(l.active()) }}, nil
	case Evict:
		return []func(){func() { l.remove(l.active()[:1]) }}, nil
	case ScaleDown:
		return []func(){func() { l.replicas = full }, func() { l.replicas = (full + 1) / 2 }}, nil
	}
	_, err := ParseAction(string(a))
	return nil, err
}
